/* Puts the parts together: the connection, the controls, the clock. */

const TICK = 250;

link.on = {
	snapshot(line) {
		modelSnapshot(line);
		view.began = true;
		viewDirty();
	},
	event(event) {
		if (!modelEvent(event))
			return;
		announce(event);
		if (event.seq > model.at)
			linkRefreshSoon();
		viewDirty();
	},
	lost: viewDirty,
};

/* --- controls, kept in the address so that they can be shared ------------------------------------ */

function remember() {
	const query = new URLSearchParams();

	if (byId("filter").value)
		query.set("q", byId("filter").value);
	if (view.range !== RANGES[1])
		query.set("range", view.range.word);
	history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
}

function filterBy(text) {
	view.words = text.toLowerCase().split(/\s+/).filter(Boolean);
	view.shown = { ...SHOWN };
	viewDirty();
}

function rangeControl(range) {
	const input = el("input", ""), label = el("label", "", input, el("span", "", range.title));

	input.type = "radio";
	input.name = "range";
	input.value = range.word;
	input.checked = range === view.range;
	input.addEventListener("change", () => {
		view.range = range;
		remember();
		viewDirty();
	});
	return label;
}

function startControls() {
	const query = new URLSearchParams(location.search);

	view.range = RANGES.find(({ word }) => word === query.get("range")) || view.range;
	byId("range").append(...RANGES.map(rangeControl));
	byId("filter").value = query.get("q") || "";
	filterBy(byId("filter").value);
	byId("filter").addEventListener("input", (event) => {
		filterBy(event.target.value);
		remember();
	});
	byId("tools").addEventListener("submit", (event) => event.preventDefault());
	document.addEventListener("keydown", (event) => {
		if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input"))
			return;
		event.preventDefault();
		byId("filter").focus();
	});
	byId("changes").open = window.matchMedia("(min-width: 1240px)").matches;
	byId("changes").addEventListener("toggle", viewDirty);
}

setText(byId("host"), location.host);
startControls();
window.addEventListener("online", linkWake);
document.addEventListener("visibilitychange", () => {
	if (document.hidden)
		return;
	viewDirty();
	if (!link.stream)
		linkWake();
});
setInterval(linkTick, TICK);
setInterval(viewTick, SECOND);
linkTick();
