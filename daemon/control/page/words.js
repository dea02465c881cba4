/* Times and counts in words; small helpers of the DOM. Text from outside goes into text nodes, never into markup. */

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const SVG = "http://www.w3.org/2000/svg";

/* What the host's clock is ahead of this browser's, in ms. */
let clockAhead = 0;

function hostNow() {
	return Date.now() + clockAhead;
}

function two(number) {
	return String(number).padStart(2, "0");
}

function clockWords(date) {
	return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function dayWords(date) {
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/* 03:02:11, with the day where that is not today. */
function momentWords(ms) {
	const date = new Date(ms);

	if (dayWords(date) === dayWords(new Date(hostNow())))
		return clockWords(date);
	return `${dayWords(date)} ${clockWords(date)}`;
}

/* Both clocks: this browser's, and UTC as in the host's log and in `shunt status --json`. */
function exactWords(ms) {
	const date = new Date(ms);

	return `${dayWords(date)} ${clockWords(date)} here, ${date.toISOString().replace(".000", "")}`;
}

function durationWords(ms) {
	const s = Math.max(0, Math.floor(ms / SECOND));

	if (s < 60)
		return `${s} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min`;
	if (s < 36000)
		return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h`;
	if (s < 864000)
		return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
	return `${Math.floor(s / 86400)} d`;
}

function agoWords(ms) {
	return `${durationWords(hostNow() - ms)} ago`;
}

function latencyWords(ms) {
	return ms < 10 ? `${ms.toFixed(2)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function countWords(count, one, many) {
	return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function names(count) {
	return countWords(count, "name", "names");
}

/* "The only name", "All 3 names", "2 of 3 names": as a headline begins. */
function subjectOf(count, total) {
	if (total === 1)
		return "The only name";
	return count === total ? `All ${names(total)}` : `${count.toLocaleString("en")} of ${names(total)}`;
}

function headlineOf(counts, total) {
	const away = counts.away.toLocaleString("en");

	if (total === 0)
		return "No names are managed";
	if (counts.none === total && total > 1)
		return `None of ${names(total)} has a healthy endpoint`;
	if (counts.none > 0)
		return `${subjectOf(counts.none, total)} ${counts.none === 1 ? "has" : "have"} no healthy endpoint` +
			`${counts.away > 0 ? `, ${away} ${counts.away === 1 ? "is" : "are"} not on the primary` : ""}`;
	if (counts.away === total && total > 1)
		return `None of ${names(total)} is on its primary`;
	if (counts.away > 0)
		return `${subjectOf(counts.away, total)} ${counts.away === 1 ? "is not on its primary" : "are not on their primaries"}`;
	return total === 1 ? "The only name is on its primary" : `All ${names(total)} are on their primaries`;
}

/* --- the DOM ------------------------------------------------------------------------------------ */

function el(tag, className, ...children) {
	const node = document.createElement(tag);

	if (className)
		node.className = className;
	node.append(...children);
	return node;
}

function svg(tag, attributes, ...children) {
	const node = document.createElementNS(SVG, tag);

	setAll(node, attributes);
	node.append(...children);
	return node;
}

function byId(id) {
	return document.getElementById(id);
}

/* Only what differs is written: a selection, and what a screen reader is reading, stay. */
function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

function set(node, name, value) {
	if (value === null)
		node.removeAttribute(name);
	else if (node.getAttribute(name) !== String(value))
		node.setAttribute(name, value);
}

function setAll(node, attributes) {
	for (const [name, value] of Object.entries(attributes))
		set(node, name, value);
}

/* A name that is cut, if it must be, after a dot. */
function nameNode(name) {
	return el("span", "", ...name.split(/(?<=\.)/).flatMap((part) => [part, el("wbr", "")]));
}

function glyph(level) {
	return svg("svg", { class: "glyph", "aria-hidden": "true", focusable: "false" },
		svg("use", { href: `#glyph-${level}` }));
}

/*
 * Makes `parent` hold one node for each item, in order. A node stays as long as its key does, and is moved only where the order
 * demands it; what has the focus keeps it.
 */
function reconcile(parent, items, key, make, update) {
	const old = parent.kept || new Map(), kept = new Map();
	const focused = parent.contains(document.activeElement) ? document.activeElement : null;

	for (const item of items)
		kept.set(key(item), old.get(key(item)) || make(item));
	for (const [name, node] of old)
		if (kept.get(name) !== node && node.parentNode === parent)
			node.remove();
	let next = parent.firstChild;
	for (const item of items) {
		const node = kept.get(key(item));

		if (node === next)
			next = next.nextSibling;
		else
			parent.insertBefore(node, next);
		update(node, item);
	}
	parent.kept = kept;
	if (focused && document.activeElement !== focused && focused.isConnected)
		focused.focus({ preventScroll: true });
}

/* --- times that move on ------------------------------------------------------------------------- */

/* A <time> that says how long ago; the exact time is there for the pointer, and shown while the row has the focus. */
function agoNode() {
	return el("time", "ago", el("span", "age"), el("span", "exact"));
}

function setAgo(node, text) {
	const ms = text ? Date.parse(text) : NaN;

	if (Number.isNaN(ms)) {
		node.firstChild.textContent = "";
		node.lastChild.textContent = "";
		node.removeAttribute("datetime");
		return;
	}
	set(node, "datetime", text);
	set(node, "title", exactWords(ms));
	setText(node.firstChild, durationWords(hostNow() - ms));
	setText(node.lastChild, momentWords(ms));
}

function tickAges(root) {
	for (const node of root.querySelectorAll("time.ago[datetime]"))
		setText(node.firstChild, durationWords(hostNow() - Date.parse(node.dateTime)));
}
