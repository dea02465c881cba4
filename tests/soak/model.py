"""Model of the answers allowed for a name at a given time, as seen from outside the daemon.

It uses no clock, process or file. The driver reports each action with its begin and end;
may_answer() returns every answer that was valid at some moment within a time span. The model is
lenient where the daemon is allowed some time, and strict where it makes a promise: an acknowledged
override, and no other, is in force from the acknowledgement on, through any kill.
"""
import bisect

UP, DOWN = "up", "down"

# In seconds.
DETECT = 8.0     # from a change to the verdict: two probes of up to 1.5 s each, and a margin
SPREAD = 8.0     # from a new table to every client: 2 s no heartbeat, 5 s to settle, attach pause
BELIEVED = 75.0  # age of state from the previous run: used up to a minute after its stamp
FIRST = 4.0      # first lookups of a new client, which may go to libc
STALL = 0.5      # a stall of this length may have made a probe fail


class Line:
    """A set that changes over time."""

    def __init__(self, start, value):
        self.times, self.values = [start], [frozenset(value)]

    def set(self, at, value):
        """Set the value from `at` on, dropping changes planned for later."""
        keep = bisect.bisect_left(self.times, at)
        del self.times[keep:], self.values[keep:]
        self.times.append(at)
        self.values.append(frozenset(value))

    def last(self):
        return self.values[-1]

    def at(self, at):
        return self.values[max(0, bisect.bisect_right(self.times, at) - 1)]

    def over(self, start, end):
        """The union of all values within the span."""
        first = max(0, bisect.bisect_right(self.times, start) - 1)
        return frozenset().union(*self.values[first : max(first + 1, bisect.bisect_right(self.times, end))])


class Order:
    """The override of a name in a state file. `ends`: the span in which it expires, or None."""

    def __init__(self, endpoint, ends=None):
        self.endpoint, self.ends = endpoint, ends

    def at(self, at):
        if not self.ends or at < self.ends[0]:
            return {self.endpoint}
        return {self.endpoint, None} if at < self.ends[1] else {None}


class Record:
    """`endpoints`: {id: address}; `unchecked`: ids of endpoints without a check."""

    def __init__(self, endpoints, unchecked=(), manual=False, all_down="primary"):
        self.endpoints, self.unchecked = endpoints, frozenset(unchecked)
        self.manual, self.all_down = manual, all_down


class Disturbance:
    """The daemon was killed, stopped, paused or reloaded. `memory`: the next run has only a state
    file of the previous one.
    """

    def __init__(self, begin, end, memory):
        self.begin, self.end, self.memory = begin, end, memory


class Model:
    def __init__(self, now, records, configuration):
        """`configuration`: {name: (endpoint ids in order)}, as currently in force."""
        self.records = records
        self.truth = {address: Line(now, {DOWN}) for record in records.values() for address in record.endpoints.values()}
        self.orders = {name: Line(now, {None}) for name in records}
        self.saved = {name: [Order(None)] for name in records}
        self.config = Line(now, ())
        self.configurations = []
        self.config.set(now, {self._number(configuration)})
        self.disturbances = []
        self.stalls = []

    # --- what happened ---------------------------------------------------------------------------------

    def _number(self, configuration):
        if configuration not in self.configurations:
            self.configurations.append(configuration)
        return self.configurations.index(configuration)

    def endpoint(self, address, begin, end, health):
        """An endpoint changed at some moment between begin and end."""
        self.truth[address].set(begin, self.truth[address].last() | {health})
        self.truth[address].set(end, {health})

    def order(self, name, endpoint, begin, end, saved=True, seconds=None):
        """An operator's override (None: auto), sent at begin and acknowledged at end. If not
        `saved`, a kill may undo it.
        """
        line = self.orders[name]
        order = Order(endpoint, (begin + seconds - 0.5, end + seconds + 3.0) if seconds else None)
        line.set(begin, line.at(begin) | {endpoint})
        for at in (end, *(order.ends or ())):
            line.set(at, order.at(at))
        self.saved[name] = [order] if saved else [*self.saved[name], order]

    def order_failed(self, name, endpoint, begin):
        """The override was not acknowledged: it may be in force or not."""
        self.orders[name].set(begin, self.orders[name].at(begin) | {endpoint})
        self.saved[name].append(Order(endpoint))

    def killed(self, at):
        """Unsaved overrides may be lost; then what they replaced is in force again, until its
        original expiry.
        """
        for name, line in self.orders.items():
            saved = self.saved[name]
            if len(saved) == 1:
                continue
            later = {time for time in line.times if time > at}.union(*(order.ends or () for order in saved))
            planned = {time: line.at(time).union(*(order.at(time) for order in saved)) for time in {at, *later} if time >= at}
            for time in sorted(planned):
                line.set(time, planned[time])

    def seen(self, name, endpoint, at):
        """The daemon reports an override that was in doubt. A lost override is counted once, not
        for each later answer.
        """
        line = self.orders[name]
        if endpoint not in line.at(at):
            line.set(max(line.times[-1], self.disturbances[-1].begin), line.at(at) | {endpoint})
            line.set(at, {endpoint})
        elif len(line.at(at)) > 1 and line.times[-1] <= at:
            line.set(at, {endpoint})

    def may_be_forced(self, name, start, end):
        return self.orders[name].over(start, end)

    def reconfigured(self, begin, end, configuration):
        new = self._number(configuration)
        self.config.set(begin, self.config.last() | {new})
        self.config.set(end, {new})
        for name in self.records:
            gone = self.orders[name].at(end) - set(configuration.get(name, ()))
            if gone - {None}:
                self.orders[name].set(begin, self.orders[name].at(begin) | {None})
                self.orders[name].set(end, (self.orders[name].at(end) - gone) | {None})
                self.saved[name].append(Order(None))

    def disturbed(self, begin, end, memory=False):
        self.disturbances.append(Disturbance(begin, end, memory))

    def stalled(self, start, end):
        self.stalls.append((start, end))

    # --- what may be answered ---------------------------------------------------------------------------

    def _before(self, at):
        """The last disturbance that began at or before `at`, or None."""
        found = None
        for disturbance in reversed(self.disturbances):
            if disturbance.begin <= at:
                found = disturbance
                break
        return found

    def last_end(self, at):
        """The end of the last disturbance that began at or before `at`."""
        found = self._before(at)
        return found.end if found else 0

    def view_start(self, at):
        """The earliest moment whose table a client may still use at `at`."""
        disturbance = self._before(at)
        while disturbance and at < disturbance.end + SPREAD + self._slack(disturbance.begin, at):
            at = disturbance.begin
            disturbance = self._before(at - 1e-6)
        return at

    def health_start(self, at):
        """The earliest moment whose health the daemon may still assume at `at`."""
        disturbance = self._before(at)
        while disturbance and at - DETECT - self._slack(disturbance.begin, at) < disturbance.end:
            at = disturbance.begin - (BELIEVED if disturbance.memory else 0)
            disturbance = self._before(min(at, disturbance.begin - 1e-6))
        return at - DETECT - self._slack(at - 2 * DETECT, at)

    def _slack(self, start, end):
        return sum(b - a for a, b in self.stalls[-400:] if b >= start and a <= end)

    def _stalled(self, start, end):
        return any(b - a >= STALL and b >= start and a <= end for a, b in self.stalls[-400:])

    def _health(self, record, endpoint, start, end):
        if endpoint in record.unchecked:
            return {UP}
        if self._stalled(start, end):
            return {UP, DOWN}
        return self.truth[record.endpoints[endpoint]].over(start, end)

    def _somebody_up(self, start, end):
        """Whether some server is certainly up, so that this host is not isolated."""
        return any(line.over(start, end) == {UP} for line in self.truth.values())

    def _elected(self, record, order, start, end):
        healths = {endpoint: self._health(record, endpoint, start, end) for endpoint in order}
        lost = all(DOWN in health for health in healths.values())
        found = set()
        for endpoint in order:
            if UP in healths[endpoint]:
                found.add(record.endpoints[endpoint])
            if DOWN not in healths[endpoint] and not record.manual:
                break
        if lost and record.all_down == "fail":
            found.add("EAI_AGAIN")
        elif lost and record.all_down == "primary":
            found.add(record.endpoints[order[0]])
        if lost and (record.all_down == "hold" or not self._somebody_up(start, end)):
            found.update(record.endpoints[endpoint] for endpoint in order)
        return found

    def may_answer(self, name, start, end, newcomer=False):
        """All answers that were valid at some moment in the span. `newcomer`: a client that has no
        table yet.
        """
        view = self.view_start(start)
        health = self.health_start(view)
        record, found = self.records[name], set()
        fresh = self._before(end)
        fresh = fresh is not None and start < fresh.end + SPREAD + self._slack(fresh.begin, end)
        for number in self.config.over(view, end):
            order = self.configurations[number].get(name)
            if not order:
                found.add("EAI_NONAME")
                continue
            for forced in self.orders[name].over(view, end):
                if forced in order:
                    found.add(record.endpoints[forced])
                    continue
                found |= self._elected(record, order, health, end)
                if fresh:
                    found.add(record.endpoints[order[0]])  # from a table that has not settled
        if newcomer:
            found.add("EAI_NONAME")
        return found
