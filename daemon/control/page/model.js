/*
 * What is known: the status of a snapshot, brought forward by the events after it, and the events themselves.
 *
 * An event tells of a change before the next snapshot does; whatever it leaves out (latencies, who forced) that snapshot has.
 */

/* From what needs a look to what does not; the order of the page. */
const LEVELS = [
	{ level: "none", title: "No healthy endpoint" },
	{ level: "away", title: "Not on the primary" },
	{ level: "forced", title: "Forced" },
	{ level: "less", title: "Degraded" },
	{ level: "well", title: "On the primary" },
];

const EVENTS_KEPT = 3000; /* more than the daemon's own: a page may outlive it */

const model = {
	status: null,
	records: new Map(),
	levels: new Map(), /* name → level */
	events: [],
	byRecord: new Map(),
	byAddress: new Map(), /* those that concern more records than the one they name */
	boot: "",
	seq: 0,
	known: Infinity, /* from when on changes are known, in ms */
};

/* --- judging ------------------------------------------------------------------------------------ */

function isUseless(endpoint) {
	return endpoint.health === "down" || endpoint.addresses.length === 0;
}

function isImpaired(endpoint) {
	return isUseless(endpoint) || endpoint.error !== null || endpoint.health === "unknown" ||
		endpoint.addresses.some((address) => address.health === "down" || address.no_verdict_since);
}

function levelOf(record) {
	if (record.endpoints.every(isUseless))
		return "none";
	if (record.active !== record.endpoints[0].id)
		return "away";
	if (record.forced)
		return "forced";
	return record.endpoints.some(isImpaired) ? "less" : "well";
}

/* Why it is of its level. The daemon says why it answers so; that a standby is down is no part of that. */
function whyOf(record) {
	const impaired = record.endpoints.find(isImpaired);

	if (levelOf(record) !== "less")
		return record.reason;
	const error = impaired.error || impaired.addresses.map(({ last_error: error }) => error).find(Boolean);
	const down = impaired.addresses.filter(({ health }) => health === "down").length;
	const what = impaired.addresses.length === 0 ? "has no address" : impaired.health === "unknown" ? "has no verdict yet"
		: down === 0 ? "is uncertain" : down === impaired.addresses.length ? "is down" : `has ${down} of ${impaired.addresses.length} addresses down`;

	return `${impaired.id} ${what}${error ? `: ${error}` : ""}`;
}

function countLevels() {
	const counts = Object.fromEntries(LEVELS.map(({ level }) => [level, 0]));

	for (const level of model.levels.values())
		counts[level]++;
	return counts;
}

function worstLevel() {
	const counts = countLevels();

	return LEVELS.find(({ level }) => counts[level] > 0)?.level || "well";
}

function isFound(record, words) {
	const hay = [record.name, ...record.aliases, ...record.endpoints.flatMap((endpoint) =>
		[endpoint.id, ...endpoint.addresses.map(({ address }) => address)])].join(" ").toLowerCase();

	return words.every((word) => hay.includes(word));
}

/* --- events ------------------------------------------------------------------------------------- */

function pushTo(map, key, event) {
	if (!key)
		return;
	if (!map.has(key))
		map.set(key, []);
	map.get(key).push(event);
}

function index(event) {
	pushTo(model.byRecord, event.record, event);
	if (event.more)
		pushTo(model.byAddress, event.address, event);
}

function forgetOldest() {
	if (model.events.length <= EVENTS_KEPT)
		return;
	model.events.splice(0, model.events.length - EVENTS_KEPT / 2);
	model.known = Math.max(model.known, model.events[0].ms);
	model.byRecord.clear();
	model.byAddress.clear();
	model.events.forEach(index);
}

/* Those that concern the record, the oldest first. */
function eventsOf(record) {
	const own = model.byRecord.get(record.name) || [];
	const addresses = new Set(record.endpoints.flatMap((endpoint) => endpoint.addresses.map(({ address }) => address)));
	const shared = [...addresses].flatMap((address) => model.byAddress.get(address) || [])
		.filter((event) => event.record !== record.name);

	return shared.length ? [...own, ...shared].sort((a, b) => a.order - b.order) : own;
}

/* --- what an event changes ---------------------------------------------------------------------- */

function healthOf(endpoint) {
	const has = (health) => endpoint.addresses.some((address) => address.health === health);

	return has("up") ? "up" : has("unknown") ? "unknown" : "down";
}

function changeAddress(endpoint, event) {
	const address = endpoint.addresses.find((one) => one.address === event.address);

	if (!address)
		return;
	address.health = event.to;
	address.last_error = event.to === "down" ? event.reason || null : null;
	endpoint.health = healthOf(endpoint);
}

function changeHealth(event) {
	for (const record of model.records.values()) {
		if (record.name !== event.record && !event.more)
			continue;
		for (const endpoint of record.endpoints)
			if (record.name !== event.record || endpoint.id === event.endpoint)
				changeAddress(endpoint, event);
		model.levels.set(record.name, levelOf(record));
	}
}

function changeAnswer(event) {
	const record = model.records.get(event.record);
	const endpoint = record?.endpoints.find(({ id }) => id === event.to);

	if (!record)
		return;
	record.active = endpoint ? endpoint.id : null;
	record.answer = endpoint ? endpoint.addresses.filter(({ answers }) => answers).map(({ address }) => address) : [];
	record.since = event.time;
	record.reason = event.reason || "";
	model.levels.set(record.name, levelOf(record));
}

const CHANGES = {
	answer: changeAnswer,
	health: changeHealth,
	isolated: () => { model.status.isolated = true; },
	rejoined: () => { model.status.isolated = false; },
	settled: () => { model.status.settled = true; },
};

/* --- what comes in ------------------------------------------------------------------------------ */

function modelSnapshot({ snapshot, seq, boot }) {
	if (boot !== model.boot) {
		model.boot = boot;
		model.seq = 0;
	}
	model.status = snapshot;
	model.at = seq;
	model.records = new Map(snapshot.records.map((record) => [record.name, record]));
	model.levels = new Map(snapshot.records.map((record) => [record.name, levelOf(record)]));
}

/* Whether it is new. */
function modelEvent(event) {
	if (event.seq <= model.seq)
		return false;
	event.ms = Date.parse(event.time);
	event.order = model.order = (model.order || 0) + 1;
	/* The daemon's first event of all is about its start; else those before are no longer kept. */
	model.known = Math.min(model.known, event.ms);
	model.seq = event.seq;
	model.events.push(event);
	index(event);
	forgetOldest();
	if (event.seq > model.at)
		CHANGES[event.type]?.(event);
	return true;
}
