/*
 * Who answered when, and what was up when, as stretches of time, and those as bars.
 *
 * A stretch is { from, to, kind } in ms. Nothing is drawn of the time before changes are known.
 */

const RANGES = [
	{ word: "15m", title: "15 min", ms: 15 * MINUTE, step: 5 * MINUTE },
	{ word: "1h", title: "1 h", ms: HOUR, step: 15 * MINUTE },
	{ word: "6h", title: "6 h", ms: 6 * HOUR, step: HOUR },
	{ word: "24h", title: "24 h", ms: DAY, step: 4 * HOUR },
	{ word: "7d", title: "7 d", ms: 7 * DAY, step: DAY },
];

/* --- stretches ---------------------------------------------------------------------------------- */

/* changes: [{ ms, before, after }], the oldest first; `now` is what holds after them, from `start` on where there are none. */
function stretches(changes, start, now, kindNow) {
	const list = [];
	let from = start;

	for (const { ms, before } of changes) {
		if (ms > from)
			list.push({ from, to: ms, kind: before });
		from = Math.max(from, ms);
	}
	list.push({ from, to: now, kind: kindNow });
	return list;
}

function answerKind(record, id) {
	const place = record.endpoints.findIndex((endpoint) => endpoint.id === id);

	return place === 0 ? "primary" : place > 0 ? "standby" : "nobody";
}

/* Which endpoint answered: [{ from, to, kind: its id, or "dns", "fail" }] */
function answerStretches(record, now) {
	const changes = eventsOf(record).filter((event) => event.type === "answer" && event.record === record.name)
		.map((event) => ({ ms: event.ms, before: event.from }));
	const since = record.since ? Date.parse(record.since) : now;

	/* Without a change that is known, what answers has done so since then, be it for longer than this daemon lives. */
	return stretches(changes, changes.length ? model.known : since, now, record.active || record.all_down);
}

function concerns(event, record, endpoint) {
	if (event.type !== "health")
		return false;
	if (event.record === record.name)
		return event.endpoint === endpoint.id;
	return endpoint.addresses.some(({ address }) => address === event.address);
}

function worstHealth(healths) {
	return healths.includes("up") ? "up" : healths.includes("unknown") || healths.length === 0 ? "unknown" : "down";
}

/* Whether an endpoint was up: back from what its addresses are now, since an event tells what was before. */
function healthStretches(record, endpoint, now) {
	const events = eventsOf(record).filter((event) => concerns(event, record, endpoint));
	const healths = new Map(endpoint.addresses.map(({ address, health }) => [address, health]));
	const changes = [];

	for (const event of [...events].reverse()) {
		const after = worstHealth([...healths.values()]);

		healths.set(event.address, event.from || "unknown");
		const before = worstHealth([...healths.values()]);
		if (before !== after)
			changes.unshift({ ms: event.ms, before });
	}
	return stretches(changes, Math.min(model.known, now), now, endpoint.health);
}

/* Where both hold. */
function overlaps(list, other) {
	return list.flatMap((one) => other.map(({ from, to }) => ({ ...one, from: Math.max(one.from, from), to: Math.min(one.to, to) })))
		.filter(({ from, to }) => from < to);
}

/* What an endpoint answered while it was down, because nothing else was up, or by force. */
function deadStretches(record, endpoint, answers, range, now) {
	/* Every failover has a moment of it, which is nothing to see. */
	return overlaps(answers.filter(({ kind }) => kind === endpoint.id),
		healthStretches(record, endpoint, now).filter(({ kind }) => kind === "down"))
		.filter(({ from, to }) => to - from > range.ms / 200);
}

/* --- bars --------------------------------------------------------------------------------------- */

/* Draws stretches into an <svg> as boxes of the given height; `name` makes the class of a kind. */
function drawStretches(parent, list, { start, end, y, height, name }) {
	const percent = (ms) => 100 * (Math.min(Math.max(ms, start), end) - start) / (end - start);
	const seen = list.filter(({ to }) => to > start);

	reconcile(parent, seen.map((stretch, place) => ({ ...stretch, place })), ({ place }) => place, () => svg("rect", {}),
		(box, { from, to, kind }) => setAll(box, {
			class: name(kind), x: `${percent(from).toFixed(3)}%`, y, height, rx: 1,
			width: `${Math.max(percent(to) - percent(from), 0.4).toFixed(3)}%`,
		}));
}

function answerSentence(record, list, start) {
	const moves = list.slice(1).filter(({ from }) => from > start).length;
	const now = record.active || (record.all_down === "dns" ? "DNS" : "nobody");

	if (moves === 0)
		return `${now} has answered ${list[0].from > start ? `since ${momentWords(list[0].from)}` : "all the time"}`;
	return `${countWords(moves, "change", "changes")} of the answer; ${now} answers now`;
}

/* One bar: who answered. */
function miniBar() {
	return svg("svg", { class: "mini", role: "img" }, svg("rect", { class: "void", y: 1, width: "100%", height: 8, rx: 1 }), svg("g", {}), svg("g", {}));
}

function drawMini(bar, record, range, now) {
	const list = answerStretches(record, now), start = now - range.ms;

	set(bar, "aria-label", `Last ${range.title}: ${answerSentence(record, list, start)}`);
	drawStretches(bar.children[1], list, { start, end: now, y: 1, height: 8, name: (kind) => answerKind(record, kind) });
	drawStretches(bar.lastChild, record.endpoints.flatMap((endpoint) => deadStretches(record, endpoint, list, range, now)),
		{ start, end: now, y: 1, height: 8, name: () => "nobody" });
}

/* --- lanes: one for each endpoint, health as a line, the answer as a box on it -------------------- */

function lanesNode() {
	return el("div", "lanes", el("div", "lane-list"), el("div", "axis"));
}

function laneNode() {
	return el("div", "lane", el("span", "lane-name"),
		svg("svg", { class: "lane-line", role: "img" }, svg("g", {}), svg("g", {}), svg("g", {})));
}

function laneSentence(endpoint, health, answers, range) {
	const downs = health.filter(({ kind }) => kind === "down").length;

	const when = model.known > hostNow() - range.ms ? `since ${momentWords(Math.min(model.known, hostNow()))}` : `last ${range.title}`;

	return `${endpoint.id}, ${when}: ${downs ? `down ${countWords(downs, "time", "times")}` : "never down"}, ` +
		`${answers.length ? `answered ${countWords(answers.length, "time", "times")}` : "did not answer"}`;
}

function drawLane(lane, record, endpoint, answers, range, now) {
	const start = now - range.ms, line = lane.lastChild;
	const health = healthStretches(record, endpoint, now).filter(({ to }) => to > start);
	const own = answers.filter(({ kind, to }) => kind === endpoint.id && to > start);

	setText(lane.firstChild, endpoint.id);
	set(line, "aria-label", laneSentence(endpoint, health, own, range));
	drawStretches(line.firstChild, health, { start, end: now, y: 6, height: 4, name: (kind) => `health-${kind}` });
	drawStretches(line.lastChild, deadStretches(record, endpoint, own, range, now),
		{ start, end: now, y: 2, height: 12, name: () => "nobody" });
	drawStretches(line.children[1], own, { start, end: now, y: 2, height: 12, name: (kind) => `answers ${answerKind(record, kind)}` });
}

/* Round times, by this browser's clock. */
function ticksOf(range, now) {
	const shift = new Date(now).getTimezoneOffset() * MINUTE, ticks = [];
	const start = now - range.ms;

	for (let ms = Math.ceil((start - shift) / range.step) * range.step + shift; ms <= now; ms += range.step)
		ticks.push({ ms, at: 100 * (ms - start) / range.ms });
	return ticks;
}

const TICK_WIDTH = 38; /* pixels, of 14:15 */

function tickWords(ms, range) {
	const date = new Date(ms);

	return range.step >= DAY ? dayWords(date).slice(5) : clockWords(date).slice(0, 5);
}

function drawAxis(axis, range, now) {
	const room = 100 * TICK_WIDTH / (axis.clientWidth || 400); /* for "now", at the end */
	const ticks = [...ticksOf(range, now).filter(({ at }) => at < 100 - 2 * room), { ms: now, at: 100, now: true }];

	reconcile(axis, ticks, ({ ms, now: isNow }) => isNow ? "now" : ms, () => el("span", "tick"), (tick, one) => {
		setText(tick, one.now ? "now" : tickWords(one.ms, range));
		tick.style.left = `${one.at.toFixed(2)}%`;
		tick.classList.toggle("last", Boolean(one.now));
	});
}

function drawLanes(lanes, record, range, now) {
	const answers = answerStretches(record, now);

	reconcile(lanes.firstChild, record.endpoints, ({ id }) => id, laneNode,
		(lane, endpoint) => drawLane(lane, record, endpoint, answers, range, now));
	drawAxis(lanes.lastChild, range, now);
}
