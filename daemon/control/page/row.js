/* A record: the line that is always seen, and what it opens. */

const EVENTS_SHOWN = 12;

/* --- the line ----------------------------------------------------------------------------------- */

const LEVEL_WORDS = {
	none: "no healthy endpoint", away: "not on the primary", forced: "forced", less: "degraded", well: "well",
};

function rowNode(name) {
	const parts = {
		glyph: el("span", "mark", glyph("well")),
		name: el("span", "name", nameNode(name), " "),
		endpoint: el("b", "endpoint"),
		tag: el("span", "tag", "forced"),
		addresses: el("span", "addresses"),
		mini: miniBar(),
		ago: agoNode(),
		why: el("span", "why"),
	};
	parts.name.append(parts.tag);
	const summary = el("summary", "line", parts.glyph, parts.name,
		el("span", "answer", parts.endpoint, " ", parts.addresses), parts.mini, parts.ago, parts.why);
	const row = el("li", "record", el("details", "", summary, el("div", "body")));

	row.dataset.name = name;
	row.parts = parts;
	row.details = row.firstChild;
	row.summary = summary;
	row.body = row.details.lastChild;
	row.details.addEventListener("toggle", () => row.details.open && row.record && updateBody(row));
	return row;
}

function answerWords(record) {
	if (record.active === null)
		return record.all_down === "dns" ? "as DNS says" : "lookups fail";
	if (record.answer.length === 0)
		return "no address";
	const [first, ...more] = record.answer;

	return more.length ? `${first} +${more.length}` : first;
}

function updateRow(row, record) {
	const { parts } = row, level = model.levels.get(record.name);

	row.record = record;
	row.dataset.level = level;
	row.dataset.active = record.active || "";
	set(parts.glyph.firstChild.firstChild, "href", `#glyph-${level}`);
	setText(parts.endpoint, record.active || "nobody");
	parts.tag.hidden = !record.forced;
	setText(parts.addresses, answerWords(record));
	set(parts.addresses, "title", record.answer.join("\n") || null);
	setAgo(parts.ago, record.since);
	setText(parts.why, whyOf(record));
	set(row.summary, "aria-label", `${record.name}: ${LEVEL_WORDS[level]}; ${record.active || "nobody"} answers, ` +
		`${answerWords(record)}; ${whyOf(record)}`);
	drawMini(parts.mini, record, view.range, hostNow());
	if (row.details.open)
		updateBody(row);
}

/* --- what it opens ------------------------------------------------------------------------------ */

const COLUMNS = ["Endpoint", "Health", "Address", "Latency", "Last probe", "Remarks"];

function bodyNode(row) {
	const parts = row.inside = {
		facts: el("div", "facts"),
		rows: el("tbody", ""),
		lanes: lanesNode(),
		events: el("ol", "events"),
		older: el("button", "older"),
		kept: el("p", "quiet"),
		commands: el("dl", "commands"),
	};
	parts.older.type = "button";
	parts.older.addEventListener("click", () => {
		parts.older.dataset.shown = "all";
		updateBody(row);
	});
	const head = el("tr", "", ...COLUMNS.map((title) => el("th", "", title)));

	for (const cell of head.children)
		cell.scope = "col";
	row.body.append(parts.facts, el("table", "endpoints", el("thead", "", head), parts.rows),
		el("div", "pair", el("section", "", el("h4", "", "Timeline"), parts.lanes, legendNode()),
			el("section", "", el("h4", "", "Changes"), parts.events, parts.older, parts.kept)),
		el("section", "", el("h4", "", "On the host"), parts.commands));
}

function legendNode() {
	const entry = (name, words) => el("span", "key", svg("svg", { class: "swatch", "aria-hidden": "true" },
		svg("rect", { class: name, width: "100%", height: "100%" })), words);

	return el("p", "legend quiet", entry("answers primary", "the primary answers"), entry("answers standby", "a standby answers"),
		entry("health-up", "up"), entry("health-down", "down"), entry("nobody", "answers though it is down, or nobody does"), entry("health-unknown", "no verdict"));
}

function updateBody(row) {
	const { record } = row;

	if (!row.inside)
		bodyNode(row);
	updateFacts(row.inside.facts, record);
	updateEndpoints(row.inside.rows, record);
	drawLanes(row.inside.lanes, record, view.range, hostNow());
	updateEvents(row.inside, record);
	updateCommands(row.inside.commands, record);
}

/* --- facts -------------------------------------------------------------------------------------- */

function forcedWords({ endpoint, by, since, until, reason }) {
	const end = until
		? `until ${momentWords(Date.parse(until))} (${durationWords(Date.parse(until) - hostNow())} from now)`
		: "without an end";

	return `Forced to ${endpoint} by ${by} ${end}, since ${momentWords(Date.parse(since))}` +
		`${reason ? `: ${reason}` : "; no reason was given"}`;
}

/* "primary down (2 down at 2 sites, 1 up), secondary up (3 up)" */
function votesWords({ endpoints }) {
	return endpoints.map(({ endpoint, health, up, down, unknown, sites }) => {
		const votes = [down && `${down} down at ${countWords(sites, "site", "sites")}`, up && `${up} up`, unknown && `${unknown} without a verdict`];

		return `${endpoint} ${health} (${votes.filter(Boolean).join(", ") || "no vote"})`;
	}).join(", ");
}

function fleetWords(fleet) {
	const agreed = fleet.agreed ? `${fleet.agreed} is agreed` : "nothing is agreed";
	const strays = fleet.disagree ? `; ${countWords(fleet.disagree, "host answers", "hosts answer")} otherwise` : "";

	return `Fleet: ${countWords(fleet.live, "host votes", "hosts vote")}: ${votesWords(fleet)}; ${agreed}${strays}.`;
}

function orderWords({ endpoint, by, since, until, reason, hosts }) {
	const whom = hosts ? countWords(hosts.length, "host", "hosts") : "the fleet";

	return `Forced for ${whom} to ${endpoint} by ${by} ${until ? `until ${momentWords(Date.parse(until))}` : "without an end"}, ` +
		`since ${momentWords(Date.parse(since))}${reason ? `: ${reason}` : "; no reason was given"}`;
}

function factsOf(record) {
	const facts = [];
	const active = record.active ? `${record.active} answers` : record.all_down === "dns" ? "DNS answers" : "Lookups fail";
	const since = record.since ? ` since ${momentWords(Date.parse(record.since))} (${agoWords(Date.parse(record.since))})` : "";

	if (record.override)
		facts.push({ name: "forced", text: forcedWords(record.override) });
	facts.push({ name: "active", text: `${active}${since}${model.levels.get(record.name) === "less" ? `: ${record.reason}` : ""}.` });
	if (record.fleet?.order)
		facts.push({ name: "order", text: orderWords(record.fleet.order) });
	if (record.fleet)
		facts.push({ name: "fleet", text: fleetWords(record.fleet) });
	if (record.answer.length > 1)
		facts.push({ name: "addresses", text: `Answer: ${record.answer.join(", ")}` });
	if (record.aliases.length)
		facts.push({ name: "aliases", text: `${record.aliases.length === 1 ? "Alias" : "Aliases"}: ${record.aliases.join(", ")}` });
	return facts;
}

function updateFacts(parent, record) {
	reconcile(parent, factsOf(record), ({ name }) => name, ({ name }) => el("p", `fact fact-${name}`),
		(node, { text }) => setText(node, text));
}

/* --- endpoints ---------------------------------------------------------------------------------- */

/* One for each address; one for an endpoint that has none. */
function endpointLines(record) {
	return record.endpoints.flatMap((endpoint) => {
		const addresses = endpoint.addresses.length ? endpoint.addresses : [null];

		return addresses.map((address, place) => ({ record, endpoint, address, first: place === 0 }));
	});
}

function endpointLine() {
	const health = el("span", "health"), row = el("tr", "");
	const cells = [el("th", ""), el("td", "", health), el("td", "mono"), el("td", "number"), el("td", ""), el("td", "remark")];

	cells[0].scope = "row";
	cells[4].append(agoNode());
	cells.forEach((cell, place) => { cell.dataset.title = COLUMNS[place]; });
	row.append(...cells);
	return row;
}

function certificateWords(text) {
	const ms = Date.parse(text), left = ms - hostNow();

	return left > 30 * DAY ? "" : left < 0 ? `certificate expired on ${dayWords(new Date(ms))}`
		: `certificate expires in ${durationWords(left)}`;
}

const sideWords = { host: " (this host)", check: " (the check's command)", unknown: "" };

function remarksOf({ endpoint, address, first }) {
	return [
		first && endpoint.error,
		address?.last_error,
		address?.no_verdict_since && `no verdict since ${momentWords(Date.parse(address.no_verdict_since))}${sideWords[address.no_verdict_side] ?? ""}`,
		address?.certificate_expires && certificateWords(address.certificate_expires),
		address?.watch && address.watch !== "held" && address.health === "up" && "not watched",
		endpoint.addresses.length === 0 && !endpoint.error && "no address",
	].filter(Boolean).join("; ");
}

/* As `shunt status`: none while probes do not pass, since an old one would only mislead. */
function latencyOf({ endpoint, address }) {
	if (!endpoint.check)
		return "no check";
	return typeof address?.latency_ms === "number" && !address.last_error ? latencyWords(address.latency_ms) : "–";
}

function latencyTitle(address) {
	const parts = [["connected", address?.connect_ms], ["TLS", address?.tls_ms], ["first byte", address?.first_byte_ms]]
		.filter(([, ms]) => typeof ms === "number").map(([word, ms]) => `${word} ${latencyWords(ms)}`);

	return parts.join(", ") || null;
}

function updateEndpoint(row, line) {
	const [id, health, address, latency, probe, remarks] = row.children;
	const word = (line.address || line.endpoint).health, answers = line.endpoint.id === line.record.active;

	setText(id, line.endpoint.id);
	row.classList.toggle("answering", answers && Boolean(line.address?.answers));
	row.classList.toggle("more", !line.first);
	setText(health.firstChild, word);
	health.firstChild.dataset.health = word;
	setText(address, line.address?.address || "–");
	setText(latency, latencyOf(line));
	set(latency, "title", latencyTitle(line.address));
	setAgo(probe.firstChild, line.address?.last_probe || null);
	setText(remarks, remarksOf(line));
}

function updateEndpoints(parent, record) {
	reconcile(parent, endpointLines(record), ({ endpoint, address }) => `${endpoint.id} ${address?.address || ""}`,
		endpointLine, updateEndpoint);
}

/* --- changes ------------------------------------------------------------------------------------ */

/* What the log's line says, in the parts that are seen at a glance. `full`: with the record's name. */
function eventParts(event, full) {
	const subject = [event.record, event.more && `and ${event.more} more`].filter(Boolean).join(" ");
	const where = [event.endpoint, event.address].filter(Boolean).join(" ");
	let rest = event.text;

	for (const part of [subject, where])
		if (part && rest.startsWith(part))
			rest = rest.slice(part.length).replace(/^: /, "");
	const move = event.from && event.to ? `${event.from} → ${event.to}` : "";

	if (move)
		rest = rest.replace(`${event.from} -> ${event.to}`, "").replace(/^: /, "");
	return { subject: full ? subject : event.more ? subject : "", where, move, rest };
}

function eventNode() {
	return el("li", "event", el("time", "moment"), " ", el("span", "said", el("span", "subject"), el("span", "where"), " ",
		el("b", "move"), " ", el("span", "rest")));
}

/* An event never changes; only how its day is written. */
function updateEvent(node, event, full) {
	const time = node.firstChild, parts = node.lastChild.children;

	setText(time, momentWords(event.ms));
	if (node.dataset.type)
		return;
	const { subject, where, move, rest } = eventParts(event, full);

	node.dataset.type = event.type;
	node.dataset.to = event.to || "";
	set(time, "datetime", event.time);
	set(time, "title", exactWords(event.ms));
	setText(parts[0], subject);
	setText(parts[1], where && !move && rest ? `${where}:` : where);
	setText(parts[2], move && rest ? `${move}:` : move);
	setText(parts[3], rest);
}

function updateEvents({ events: list, older, kept }, record) {
	const events = eventsOf(record);
	const last = events.slice(older.dataset.shown ? 0 : -EVENTS_SHOWN).reverse();

	reconcile(list, last, ({ order }) => order, eventNode, (node, event) => updateEvent(node, event, false));
	older.hidden = events.length === last.length;
	kept.hidden = !older.hidden;
	setText(older, `Show ${countWords(events.length - last.length, "earlier change", "earlier changes")}`);
	setText(kept, Number.isFinite(model.known)
		? `${last.length ? "Nothing else" : "Nothing"} since ${momentWords(model.known)}; what was before is in the log.` : "Nothing yet.");
}

/* --- commands ----------------------------------------------------------------------------------- */

function commandsOf(record) {
	const other = record.endpoints.find((endpoint) => endpoint.id !== record.active && endpoint.health === "up") ||
		record.endpoints.find((endpoint) => endpoint.id !== record.active);
	const list = [["why it answers so, step by step", `shunt explain ${record.name}`]];

	if (record.forced)
		list.push(["let the checks decide again", `shunt auto ${record.name}`]);
	else if (record.active !== record.endpoints[0].id && record.endpoints[0].health === "up")
		list.push(["fail back now", `shunt auto ${record.name}`]);
	if (other)
		list.push([`send everybody to ${other.id}`,
			`shunt force ${record.name} ${other.id} --for 30m --reason "…"${other.health === "down" ? " --anyway" : ""}`]);
	if (record.fleet)
		list.push(["how the fleet votes, and who disagrees", `shunt status --fleet ${record.name}`]);
	if (record.fleet?.order)
		list.push(["let the fleet's votes decide again", `shunt auto --fleet ${record.name}`]);
	else if (record.fleet && other)
		list.push([`try ${other.id} on a tenth of the fleet`, `shunt drill ${record.name} ${other.id} --hosts 10% --for 10m`]);
	list.push(["probe all of it now", `shunt check ${record.name}`]);
	return list.map(([what, command]) => ({ what, command }));
}

function updateCommands(parent, record) {
	reconcile(parent, commandsOf(record), ({ what }) => what, () => el("div", "", el("dt", ""), el("dd", "", el("code", ""))),
		(node, { what, command }) => {
			setText(node.firstChild, what);
			setText(node.lastChild.firstChild, command);
		});
}
