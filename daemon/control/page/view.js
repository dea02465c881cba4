/* The page: what is well at a glance, the records by level, the last changes, and whether all of it is still true. */

const SHOWN = { none: 100, away: 100, forced: 100, less: 60, well: 60 }; /* rows of each level at first */
const SHOWN_MORE = 200;
const CHANGES_SHOWN = 60;

const view = {
	range: RANGES[1],
	words: [], /* of the filter, lower case */
	shown: { ...SHOWN },
	rows: new Map(),
	dirty: false,
	began: false, /* there was a snapshot */
};

/* --- what is well at a glance ------------------------------------------------------------------- */

const COUNT_WORDS = {
	none: "no healthy endpoint", away: "not on the primary", forced: "forced", less: "degraded", well: "well",
};

function updateGlance(counts, total) {
	const worst = total ? worstLevel() : "well";
	const seen = LEVELS.filter(({ level }) => counts[level] > 0);

	document.body.dataset.worst = worst;
	set(byId("headline-glyph"), "href", `#glyph-${worst}`);
	setText(byId("headline"), headlineOf(counts, total));
	reconcile(byId("counts"), seen, ({ level }) => level, ({ level }) => {
		const link = el("a", "count", glyph(level), el("b", ""), ` ${COUNT_WORDS[level]}`);

		link.href = `#level-${level}`;
		link.dataset.level = level;
		return link;
	}, (node, { level }) => setText(node.querySelector("b"), counts[level].toLocaleString("en")));
}

function noticesOf(status) {
	const notices = [];

	if (status.isolated)
		notices.push({ name: "isolated", text: "This host is isolated: nothing beyond it answers, so failures do not count, and names whose endpoints are all lost keep their answers." });
	if (status.reset && status.reset.wanted && status.reset.error)
		notices.push({ name: "reset", text: `Open connections cannot be reset: ${status.reset.error}.` });
	for (const door of status.doors || [])
		if (door.state !== "attached")
			notices.push({ name: `door ${door.cgroup}`, text: `Door of ${door.cgroup}: ${[door.state, door.reason].filter(Boolean).join(", ")}.` });
	if (status.fleet && status.fleet.state === "lost")
		notices.push({ name: "fleet", text: `This host has lost its fleet since ${momentWords(Date.parse(status.fleet.since))}${status.fleet.error ? ` (${status.fleet.error})` : ""}: it does what on_etcd_lost says, and its votes do not count.` });
	if (status.fleet && status.fleet.name_taken)
		notices.push({ name: "taken", text: `Another host of the fleet is called ${status.fleet.host}: this one has no vote.` });
	if (!status.settled)
		notices.push({ name: "settling", text: "The daemon has just started: its first checks are under way." });
	return notices;
}

/* --- title and icon ----------------------------------------------------------------------------- */

const ICONS = {
	none: ["#c62828", "M5.5 5.5l5 5m0-5l-5 5"],
	away: ["#b26a00", "M8 4v5M8 10.8v1.4"],
	forced: ["#7140b0", "M5 4.5l3.5 3.5L5 11.5M9 4.5L12.5 8 9 11.5"],
	less: ["#2f6fae", "M8 4v5M8 10.8v1.4"],
	well: ["#1f7a4d", "M4.8 8.3l2.3 2.3 4.3-4.9"],
	lost: ["#6b7280", "M6 6.2a2 2 0 1 1 2.6 1.9q-.6.2-.6 1.4M8 11.4v.8"],
};

function updateIcon(level) {
	const [colour, path] = ICONS[level];
	const image = `<svg xmlns="${SVG}" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${colour}"/>` +
		`<path d="${path}" fill="none" stroke="#fff" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

	set(document.querySelector("link[rel=icon]"), "href", `data:image/svg+xml,${encodeURIComponent(image)}`);
}

function titleOf(counts) {
	const lost = link.stream ? "" : "not connected · ";
	const parts = [[counts.none, "down"], [counts.away, "off primary"], [counts.forced, "forced"], [counts.less, "degraded"]]
		.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);

	return `${lost}${parts.join(", ") || "well"} · shunt ${location.host}`;
}

/* --- records ------------------------------------------------------------------------------------ */

function rowOf(record) {
	if (!view.rows.has(record.name))
		view.rows.set(record.name, rowNode(record.name));
	return view.rows.get(record.name);
}

/* The first ones, and those beyond that the reader has open. */
function cut(records, level) {
	return records.filter((record, place) => place < view.shown[level] || view.rows.get(record.name)?.details.open);
}

function sectionNode({ level, title }) {
	const more = el("button", "more");
	const section = el("section", "level", el("h2", "", glyph(level), el("span", "", title), el("span", "number")), el("ul", ""), more);

	section.id = `level-${level}`;
	section.dataset.level = level;
	section.tabIndex = -1;
	more.type = "button";
	more.addEventListener("click", () => {
		view.shown[level] += SHOWN_MORE;
		viewDirty();
	});
	return section;
}

function updateSection(section, { level, records }) {
	const [title, list, more] = section.children, seen = cut(records, level);

	setText(title.lastChild, records.length.toLocaleString("en"));
	reconcile(list, seen, ({ name }) => name, rowOf, updateRow);
	more.hidden = seen.length === records.length;
	setText(more, `Show ${Math.min(SHOWN_MORE, records.length - seen.length)} more of ${(records.length - seen.length).toLocaleString("en")}`);
}

/* What changed last comes first, where something is wrong; else they stand as the configuration has them. */
function inOrder(records, level) {
	return level === "well" ? records : records.sort((a, b) => Date.parse(b.since) - Date.parse(a.since) || 0);
}

function updateRecords() {
	const found = [...model.records.values()].filter((record) => !view.words.length || isFound(record, view.words));
	const sections = LEVELS.map(({ level, title }) =>
		({ level, title, records: inOrder(found.filter(({ name }) => model.levels.get(name) === level), level) })).filter(({ records }) => records.length);

	reconcile(byId("sections"), sections, ({ level }) => level, sectionNode, updateSection);
	setText(byId("found"), view.words.length ? `${found.length.toLocaleString("en")} of ${names(model.records.size)} match` : "");
	for (const name of view.rows.keys())
		if (!model.records.has(name))
			view.rows.delete(name);
}

/* --- the reader's place ------------------------------------------------------------------------- */

/* What is being read: the row with the focus, one that is open, or the first that is seen. Nothing at the top of the page. */
function place() {
	const edge = document.querySelector("header").offsetHeight;
	const seen = (row) => row?.isConnected && row.getBoundingClientRect().bottom > edge &&
		row.getBoundingClientRect().top < window.innerHeight;
	const rows = [...document.querySelectorAll("li.record")];
	const row = [document.activeElement?.closest("li.record"), rows.find((one) => one.details.open && seen(one)),
		window.scrollY > 0 ? rows.find(seen) : null].find(seen);

	return row ? { row, top: row.getBoundingClientRect().top } : null;
}

function keepPlace({ row, top }) {
	if (row.isConnected)
		window.scrollBy({ top: row.getBoundingClientRect().top - top, behavior: "instant" });
}

/* --- the last changes --------------------------------------------------------------------------- */

function updateChanges() {
	const list = byId("changes-list"), last = model.events.at(-1), first = model.events[0];

	setText(byId("changes-last"), last ? agoWords(last.ms) : "none yet");
	if (!byId("changes").open)
		return;
	reconcile(list, model.events.slice(-CHANGES_SHOWN).reverse(), ({ order }) => order, eventNode,
		(node, event) => updateEvent(node, event, true));
	setText(byId("changes-kept"), first ? `${countWords(model.events.length, "change", "changes")} since ${momentWords(first.ms)}.` : "");
}

/* --- whether it is still true ------------------------------------------------------------------- */

function lostWords() {
	return view.began ? `Not connected. What you see is as of ${momentWords(link.heard)}.` : "Not connected.";
}

/* Apart from the above, which is said aloud: this changes every second. */
function nextWords() {
	const wait = Math.ceil((link.retryAt - Date.now()) / SECOND);
	const lasted = view.began ? `For ${durationWords(Date.now() - link.heard)}: ` : "";

	return `${lasted}${link.problem}; ${link.trying || wait <= 0 ? "trying now" : `trying again in ${wait} s`}.`;
}

function updateLink() {
	const state = link.stream ? "live" : link.problem ? "lost" : "first";
	const words = { live: "Live", lost: "Not connected", first: "Connecting" };

	document.body.dataset.link = state;
	setText(byId("link-word"), words[state]);
	byId("lost").hidden = state !== "lost";
	if (state !== "lost")
		return;
	setText(byId("lost-what"), lostWords());
	setText(byId("lost-next"), nextWords());
}

function updateAbout() {
	const { version, pid } = model.status, zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "this browser's zone";
	const ahead = clockAhead ? ` This browser's clock is ${durationWords(Math.abs(clockAhead))} ` +
		`${clockAhead > 0 ? "behind" : "ahead of"} the host's; ages are by the host's.` : "";

	setText(byId("about"), `shunt ${version}, process ${pid}. Times are in ${zone}.${ahead} This page only reads.`);
}

/* --- to those who listen ------------------------------------------------------------------------ */

let toSay = [];

function announce(event) {
	if (event.type === "answer" && event.seq > model.at)
		toSay.push(event);
}

/* Many at a time are one sentence. */
function sayAnnounced() {
	if (toSay.length > 3)
		setText(byId("said"), `The answer of ${names(toSay.length)} has changed.`);
	else if (toSay.length)
		setText(byId("said"), toSay.map(({ record, from, to }) => `${record}: ${from} to ${to}`).join(". "));
	toSay = [];
}

/* --- all of it ---------------------------------------------------------------------------------- */

function viewRender() {
	view.dirty = false;
	updateLink();
	if (!model.status)
		return;
	const counts = countLevels(), here = place();

	updateGlance(counts, model.records.size);
	reconcile(byId("notices"), noticesOf(model.status), ({ name }) => name, () => el("p", "notice"),
		(node, { text }) => setText(node, text));
	updateRecords();
	updateChanges();
	updateAbout();
	sayAnnounced();
	updateIcon(link.stream ? (model.records.size ? worstLevel() : "well") : "lost");
	document.title = titleOf(counts);
	if (here)
		keepPlace(here);
}

/* Once for all that comes in at a time. A hidden page is drawn once a second, for its title and icon. */
function viewDirty() {
	if (view.dirty)
		return;
	view.dirty = true;
	if (document.hidden)
		setTimeout(viewRender, SECOND);
	else
		requestAnimationFrame(viewRender);
}

/* Each second: ages; now and then the bars. */
function viewTick() {
	updateLink();
	if (!model.status || document.hidden)
		return;
	tickAges(byId("sections"));
	setText(byId("changes-last"), model.events.length ? agoWords(model.events.at(-1).ms) : "none yet");
	if (Date.now() - (view.drawn || 0) > Math.min(view.range.ms / 400, 15 * SECOND)) {
		view.drawn = Date.now();
		viewDirty();
	}
}
