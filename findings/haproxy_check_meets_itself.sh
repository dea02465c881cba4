#!/usr/bin/env bash
# HAProxy's check of a server on its own host can connect to itself: a server that does not run is UP.
#
# Seen with HAProxy 2.6.12 (bookworm) and 3.0.11 (trixie), Linux 6.18. Nobody listens on either port; both servers are on loopback, one with a port
# in net.ipv4.ip_local_port_range. Where the kernel chooses that port for the check's own end, both ends are one socket (RFC 9293, 3.5:
# simultaneous open), and connect() succeeds: L4OK. Here the range has this one port, so that each check meets itself; in the usual range one of
# many thousands does, and brings up what is down, or starts the count of `fall` anew. Give servers on the same host
# ports below the range, or a check that asks for an answer.
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
  server in-the-range 127.0.0.1:47000 check inter 50ms rise 2 fall 2
  server below-it 127.0.0.1:7000 check inter 50ms rise 2 fall 2
END
# What HAProxy says of each server when the one below the range is down, and the other one was checked after that; "* " is a check that goes on.
cat >"$work/watch.py" <<'END'
import csv, io, socket, subprocess, sys, time
proxy = subprocess.Popen(["chroot", sys.argv[1], "/usr/sbin/haproxy", "-db", "-f", "/tmp/conf"], stderr=subprocess.DEVNULL)
rounds, deadline = 0, time.monotonic() + 30
while rounds < 10 and time.monotonic() < deadline:
    time.sleep(0.1)
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(sys.argv[1] + "/tmp/stats")
        client.sendall(b"show stat\n")
        text = client.makefile().read().lstrip("# ")
    except OSError:
        continue
    servers = {row["svname"]: row for row in csv.DictReader(io.StringIO(text))}
    rounds += servers["below-it"]["status"] == "DOWN"
proxy.kill()
for name in ("in-the-range", "below-it"):
    print(f"{name}: {servers[name]['status']}, {servers[name]['check_status'].removeprefix('* ')}")
END
cat >"$work/observation" <<'END'
echo 47000 47000 >/proc/sys/net/ipv4/ip_local_port_range
python3 "$work/watch.py" "$1"
END
for root in bookworm trixie; do
	cp "$work/conf" "$work/$root/tmp/conf"
	observe "$(isolated bash "$work/observation" "$work/$root" 2>&1)" 'in-the-range: UP, L4OK
below-it: DOWN, L4CON'
done
