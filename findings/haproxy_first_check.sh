#!/usr/bin/env bash
# HAProxy takes a server down after one failed check when it has never passed one, whatever `fall` says.
#
# Seen with HAProxy 2.6.12 (bookworm) and 3.0.11 (trixie): with `fall 10` a server that is dead from the start is DOWN after its first check, one
# that has passed a check needs the ten. A server begins as up, but with the health of one that is a failure away from down.
# A restart of the proxy during an incident of some seconds is therefore no quiet moment: each server that fails once in it is out.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm haproxy=2.6.12-1+deb12u4
packages trixie haproxy=3.0.11-1+deb13u5
cat >"$work/conf" <<'END'
global
  stats socket /tmp/stats
defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
backend servers
  server never-passed 127.0.0.2:7000 check inter 100ms fall 10
  server passed-once 127.0.0.3:7000 check inter 100ms fall 10
END
# For each server: the failed checks that it had when it was first seen as DOWN.
cat >"$work/watch.py" <<'END'
import csv, io, socket, subprocess, sys, time
listener = socket.create_server(("127.0.0.3", 7000))
proxy = subprocess.Popen(["chroot", sys.argv[1], "/usr/sbin/haproxy", "-db", "-f", sys.argv[2]], stderr=subprocess.DEVNULL)
seen, deadline = {}, time.monotonic() + 30
while len(seen) < 2 and time.monotonic() < deadline:
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(sys.argv[1] + "/tmp/stats")
        client.sendall(b"show stat\n")
        text = client.makefile().read().lstrip("# ")
    except OSError:
        continue
    for row in csv.DictReader(io.StringIO(text)):
        if row["svname"] in ("never-passed", "passed-once"):
            if row["status"] == "DOWN":
                seen.setdefault(row["svname"], int(row["chkfail"]))
            elif row["svname"] == "passed-once" and row["check_status"] == "L4OK" and listener:
                listener.close()
                listener = None
proxy.kill()
for name in sorted(seen):
    print(f"{name}: DOWN after {'one failed check' if seen[name] < 10 else 'ten'}")
END
for root in bookworm trixie; do
	cp "$work/conf" "$work/$root/tmp/conf"
	observe "$(isolated python3 "$work/watch.py" "$work/$root" /tmp/conf)" 'never-passed: DOWN after one failed check
passed-once: DOWN after ten'
done
