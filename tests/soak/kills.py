#!/usr/bin/env python3
"""Overrides against kill -9: an override that was acknowledged as saved is in force in all later
runs of the daemon.

    KILLS=1000 SEED=1 B=build tests/soak/kills.py          make kills KILLS=1000

Each round sends one to four orders in quick succession and kills the daemon at a random moment
after the last acknowledgement; in half of the rounds another order is in flight at that time. Then
the daemon is restarted, and the state that it reports for each name is compared. The summary also
counts orders acknowledged as not saved yet, and shows how long acknowledgements took.
"""
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import shunttest as st  # noqa: E402
from orders import not_saved  # noqa: E402

NAMES = [f"name-{number}.example.com" for number in range(6)]
ENDPOINTS = ("a", "b", "c")


def config():
    """No checks, so that only the orders change anything."""
    one = 'primary: {{ id = "a"; address = "192.0.2.1"; }}; secondary: ( {0} );'.format(
        ", ".join(f'{{ id = "{name}"; address = "192.0.2.{number}"; }}' for number, name in enumerate(ENDPOINTS[1:], 2))
    )
    return f"""records: ( {", ".join(f'{{ name = "{name}"; {one} }}' for name in NAMES)} );"""


class Place:
    def __init__(self):
        self.tmp = tempfile.mkdtemp(prefix="kills-")


class Kills:
    def __init__(self, rounds, seed):
        self.rounds, self.random = rounds, random.Random(seed)
        self.place = Place()
        self.daemon = st.Daemon(self.place, config())
        self.may = {name: {None} for name in NAMES}  # may be in force
        self.orders, self.unsaved, self.lost, self.took = 0, 0, [], []

    def _send(self, name, endpoint):
        """Returns (status, body); status 0 means no answer."""
        try:
            body = {"endpoint": endpoint, "anyway": True} if endpoint else {}
            what = "force" if endpoint else "auto"
            return self.daemon.request(f"/v1/records/{name}/{what}", "POST", body=json.dumps(body))[:2]
        except (OSError, st.http.client.HTTPException):
            return 0, b""

    def _choose(self):
        return self.random.choice(NAMES), self.random.choice((*ENDPOINTS, None))

    def order(self, name, endpoint):
        begin = time.monotonic()
        status, body = self._send(name, endpoint)
        self.took.append(time.monotonic() - begin)
        if status != 200:
            raise SystemExit(f"kills: {name} {endpoint}: {status}: {body[:200]!r}")
        self.orders += 1
        if not_saved(body) is None:
            self.may[name] = {endpoint}
        else:
            self.unsaved += 1
            self.may[name] |= {endpoint}

    def kill(self, pause, on_its_way):
        """kill -9 after `pause` seconds. `on_its_way`: (name, endpoint) of an order sent meanwhile,
        or None.
        """
        if on_its_way:
            name, endpoint = on_its_way
            self.may[name] |= {endpoint}
            sender = threading.Thread(target=self._send, args=on_its_way)
            sender.start()
        time.sleep(pause)
        self.daemon.signal(signal.SIGKILL)
        self.daemon.kill()
        if on_its_way:
            sender.join()

    def compare(self, number):
        status = st.wait_until(self.daemon.status, what="the status")
        for one in status["records"]:
            forced = one["override"]["endpoint"] if one["forced"] else None
            if forced not in self.may[one["name"]]:
                self.lost.append(f"kill {number}: {one['name']} is forced to {forced}, and was to {self.may[one['name']]}")
            self.may[one["name"]] = {forced}

    def run(self):
        self.daemon.start()
        begin = told = time.monotonic()
        for number in range(1, self.rounds + 1):
            for _ in range(self.random.randint(1, 4)):
                self.order(*self._choose())
            pause = self.random.choice((0, 0, 0.0005, 0.002, 0.01, 0.05))
            self.kill(pause, self._choose() if self.random.random() < 0.5 else None)
            self.daemon.start()
            self.compare(number)
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(f"{told - begin:5.0f} s: {number} kills, {len(self.lost)} orders lost", flush=True)
        self.daemon.stop()


def main():
    rounds, seed = int(os.environ.get("KILLS") or 1000), int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    os.chdir(st.ROOT)
    print(f"{rounds} kills; again: make kills KILLS={rounds} SEED={seed}", flush=True)
    kills = Kills(rounds, seed)
    try:
        kills.run()
    finally:
        kills.daemon.kill()
        shutil.rmtree(kills.place.tmp, ignore_errors=True)
    for line in kills.lost[:10]:
        print(f"      {line}")
    took = sorted(kills.took)
    print(f"{kills.orders} orders in {rounds} kills, {kills.unsaved} of them acknowledged as not saved yet; acknowledged within "
          f"{took[len(took) // 2] * 1000:.1f} ms (median), {took[-1] * 1000:.1f} ms (slowest)")  # fmt: skip
    print(f"{'FAIL' if kills.lost else 'ok':5s} acknowledged orders lost: {len(kills.lost)}")
    print(f"{int(not kills.lost)} passed, {int(bool(kills.lost))} failed")
    return 1 if kills.lost else 0


if __name__ == "__main__":
    sys.exit(main())
