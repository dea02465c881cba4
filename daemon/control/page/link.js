/*
 * The connection: /v1/events, read as it comes. It is opened again when it breaks, with a growing pause; and from time to time while
 * it holds, for another snapshot: the new one takes over before the old one is let go, so nothing is missed and nothing flickers.
 */

const QUIET_MAX = 40 * SECOND; /* the daemon sends an empty line every 15 s */
const RETRY_MIN = 500, RETRY_MAX = 10 * SECOND;
const REFRESH_SOON = 250, REFRESH_GAP = 2 * SECOND, REFRESH_IDLE = 20 * SECOND;
const REFRESH_SHARE = 20; /* a snapshot that takes 1 s to come is asked for every 20 s at most */

const link = {
	on: null, /* snapshot(line), event(line), live(), lost() */
	stream: null, /* the one that counts; NULL: not connected */
	trying: null, /* one that has not sent its snapshot yet */
	heard: 0, /* when anything came last, by this browser's clock; 0: never */
	problem: "",
	retryAt: 0,
	retryPause: RETRY_MIN,
	refreshAt: Infinity,
	refreshed: 0,
	cost: 0, /* how long the last snapshot took to come */
};

/* --- one stream --------------------------------------------------------------------------------- */

function linkUrl() {
	return `/v1/events?since=${model.seq}${model.boot ? `&boot=${encodeURIComponent(model.boot)}` : ""}`;
}

async function problemOf(response) {
	try {
		return (await response.json()).error || `HTTP ${response.status}`;
	} catch {
		return `HTTP ${response.status}`;
	}
}

function takeOver(stream) {
	const old = link.stream;

	link.stream = stream;
	link.trying = null;
	if (old)
		old.abort();
	link.cost = performance.now() - stream.begun;
	link.problem = "";
	link.retryPause = RETRY_MIN;
	link.refreshed = Date.now();
	link.refreshAt = link.refreshed + Math.max(REFRESH_IDLE, link.cost * REFRESH_SHARE);
}

function takeLine(stream, text) {
	const line = text ? JSON.parse(text) : null;

	if (line?.snapshot) {
		if (link.stream !== stream)
			takeOver(stream);
		link.on.snapshot(line);
	} else if (line && link.stream === stream) {
		link.on.event(line);
	}
}

async function readLines(stream, body) {
	const reader = body.getReader(), decoder = new TextDecoder();
	let parts = []; /* of a line that is not whole: a snapshot may come in hundreds */

	for (;;) {
		const { done, value } = await reader.read();

		if (done)
			return;
		stream.heard = link.heard = Date.now();
		const lines = decoder.decode(value, { stream: true }).split("\n");
		parts.push(lines[0]);
		for (const next of lines.slice(1)) {
			takeLine(stream, parts.join(""));
			parts = [next];
		}
	}
}

/* The header has whole seconds: what is less than three is no difference. */
function compareClocks(response) {
	const ahead = Date.parse(response.headers.get("Date")) - Date.now();

	clockAhead = Number.isNaN(ahead) || Math.abs(ahead) < 3 * SECOND ? 0 : ahead;
}

async function follow(stream, signal) {
	const response = await fetch(linkUrl(), { signal, cache: "no-store" });

	if (!response.ok)
		throw new Error(await problemOf(response));
	compareClocks(response);
	await readLines(stream, response.body);
	throw new Error("the daemon has closed the connection");
}

/* A fetch that cannot connect says only "Failed to fetch", or the like. */
function problemWords(stream, error) {
	if (stream.problem)
		return stream.problem;
	return error instanceof TypeError ? "the daemon does not answer" : error.message;
}

function streamEnded(stream, error) {
	if (stream !== link.stream && stream !== link.trying)
		return; /* another one took over */
	if (stream === link.trying)
		link.trying = null;
	else
		link.stream = null;
	if (link.stream) { /* only a refresh failed */
		link.refreshAt = Date.now() + REFRESH_IDLE;
		return;
	}
	if (link.trying)
		return;
	link.problem = problemWords(stream, error);
	link.retryAt = Date.now() + link.retryPause * (0.8 + 0.4 * Math.random());
	link.retryPause = Math.min(RETRY_MAX, link.retryPause * 1.7);
	link.on.lost();
}

function streamOpen() {
	const controller = new AbortController();
	const stream = { begun: performance.now(), heard: Date.now(), problem: "" };

	stream.abort = (problem) => {
		stream.problem = problem || "";
		controller.abort();
	};
	link.trying = stream;
	follow(stream, controller.signal).catch((error) => streamEnded(stream, error));
}

/* --- when ---------------------------------------------------------------------------------------- */

function isQuiet(stream) {
	return stream && Date.now() - stream.heard > QUIET_MAX;
}

/* Something has changed: what the event did not tell is wanted soon, but not for each of many. */
function linkRefreshSoon() {
	const earliest = link.refreshed + Math.max(REFRESH_GAP, link.cost * REFRESH_SHARE);

	link.refreshAt = Math.min(link.refreshAt, Math.max(Date.now() + REFRESH_SOON, earliest));
}

/* Called a few times a second. A hidden page asks for no fresh latencies. */
function linkTick() {
	for (const stream of [link.stream, link.trying])
		if (isQuiet(stream))
			stream.abort(`nothing was heard for ${durationWords(QUIET_MAX)}`);
	if (link.trying)
		return;
	if (link.stream ? !document.hidden && Date.now() >= link.refreshAt : Date.now() >= link.retryAt)
		streamOpen();
}

/* The network, or the reader, is back. */
function linkWake() {
	link.retryAt = 0;
	link.retryPause = RETRY_MIN;
	linkTick();
}
