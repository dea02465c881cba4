"""docs/clients.md: its tables, a section for each release. Pure, but for what lab.py says of versions.

    page.section(title, clients, doors, plays, judged, limit)   the section, as text
    page.place(text, section)                                   the page with that section in it

clients: rows of table.py. doors: {client: {door: what it reached}}. plays: (variant, (verdict of the kill, of the black hole), {client:
(killed, black hole)}) for each variant, with seconds as lab.Lab.recoveries() gives them. judged: the play that the goals are for.
limit: seconds that a client got.
"""
import re

import lab
import table

BEGIN, END = "<!-- written by `make check-clients` -->", "<!-- end -->"


def show(value, limit):
    if value is None:
        return f"> {limit}"
    return value if isinstance(value, str) else f"{value:.1f}"


def grid(heads, lines):
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *lines))


# --- what was measured --------------------------------------------------------------------------------------


def row(client, reached, plays, limit):
    doors = ["yes" if reached[door] == "primary" else "no" for door in lab.DOORS]
    times = [show(value, limit) for _, _, found in plays for value in found.get(client, ("-", "-"))]
    return [client.name, lab.version(client), *doors, *times, client.why, client.helps or "-"]


def measured(clients, doors, plays, limit):
    words = ["" if variant == lab.DEFAULT else " " + variant.title for variant, _, _ in plays]
    titles = [what + word for word in words for what in ("killed", "black hole")]
    heads = ["client", "version", "preload", "NSS", *titles, "how it looks up names", "what helps"]
    return grid(heads, [row(client, doors[client], plays, limit) for client in clients])


# --- what was aimed at --------------------------------------------------------------------------------------


def since(verdict, value):
    return max(0.0, value - verdict) if isinstance(value, float) else value


def holds(value, aim):
    """As it is shown, to a tenth of a second."""
    return isinstance(value, float) and round(value, 1) <= aim


def span(values, limit):
    """The least and the most of them."""
    numbers = sorted(value for value in values if isinstance(value, float))
    others = [show(value, limit) for value in values if not isinstance(value, float)]
    ends = dict.fromkeys(show(value, limit) for value in numbers[:1] + numbers[-1:])
    return ", ".join([" to ".join(ends), *others] if ends else others)


def word(goal):
    return "verdict + " if goal.after_verdict else ""


def misses(goal, found, limit):
    """A clause for each client that misses it: which figure, why, what helps."""
    for client, values in found.items():
        aims = (("killed ", goal.killed), ("black hole " + word(goal), goal.black_hole))
        late = [what + show(value, limit) for value, (what, aim) in zip(values, aims) if not holds(value, aim)]
        if late:
            why = f", because it waits {client.waits}" if client.waits else ""
            yield f"not {client.name}: {', '.join(late)}{why}" + (f"; what helps: {client.helps}" if client.helps else "")


def goal_row(goal, found, verdict, limit):
    """found: {client: (killed, black hole)} of its clients that were tried."""
    if goal.after_verdict:
        found = {client: (killed, since(verdict, lost)) for client, (killed, lost) in found.items()}
    killed, lost = ([values[at] for values in found.values()] for at in (0, 1))
    return ["; ".join(client.name for client in found), f"{goal.killed:g}", span(killed, limit), f"{word(goal)}{goal.black_hole:g}",
            word(goal) + span(lost, limit), "; ".join(misses(goal, found, limit)) or "yes"]  # fmt: skip


def goals(judged, limit):
    variant, (killed, lost), all_found = judged
    lines = []
    for goal in table.GOALS:
        found = {client: values for client, values in all_found.items() if client.name in goal.clients}
        if found:
            lines.append(goal_row(goal, found, lost, limit))
    heads = ["clients", "killed: aim", "killed", "black hole: aim", "black hole", "met"]
    return (f"{variant.title[:1].upper()}{variant.title[1:]} the verdict came {show(killed, limit)} s after the kill, and {show(lost, limit)} s "
            f"after the black hole began. Against what is aimed at:\n\n{grid(heads, lines)}")  # fmt: skip


# --- the page -----------------------------------------------------------------------------------------------


def section(title, clients, doors, plays, judged, limit):
    return f"## {title}\n\n{goals(judged, limit)}\n\nAll that was measured:\n\n{measured(clients, doors, plays, limit)}\n"


def place(text, new):
    """In the place of the section of the same title, else after the others."""
    head, _, rest = text.partition(BEGIN)
    body, _, tail = rest.partition(END)
    title = new.partition("\n")[0]
    old = [part for part in re.split(r"(?m)^(?=## )", body) if part.strip()]
    kept = [new + "\n" if part.partition("\n")[0] == title else part for part in old]
    if not any(part.startswith(title + "\n") for part in old):
        kept.append(new + "\n")
    return f"{head}{BEGIN}\n\n{''.join(kept)}{END}{tail}"
