#!/usr/bin/env bash
# A bridge of mosquitto before 2.0.15 forgets `restart_timeout SECONDS` when it has been connected once: it then waits for at least 5 s.
#
# Seen with mosquitto 2.0.11 (bookworm) and 2.0.21 (trixie). `restart_timeout` with one number is a constant pause before a bridge connects again,
# with two it is the least and the most of a growing one. The other broker here takes the connection (CONNACK), closes it at once, and does so
# whenever the bridge comes back: with one number, 1, the older one comes back after 5 s or more, as if nothing were configured, the newer one
# within 2 or so. With two, `restart_timeout 1 1`, both do.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm mosquitto=2.0.11-1.2+deb12u2
packages trixie mosquitto=2.0.21-1
cat >"$work/pause.py" <<'END'
import socket, subprocess, sys, time
root, words = sys.argv[1:]
with open(root + "/tmp/conf", "w") as file:
    file.write(f"listener 1884 127.0.0.1\nconnection there\naddress 127.0.0.1:1883\ntopic # out\nrestart_timeout {words}\n")
other = socket.socket()
other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
other.bind(("127.0.0.1", 1883))
other.listen()
other.settimeout(40)
broker = subprocess.Popen(["chroot", root, "/usr/sbin/mosquitto", "-c", "/tmp/conf"], stderr=subprocess.DEVNULL)
pauses, closed = [], None
try:
    while len(pauses) < 2:
        bridge, _ = other.accept()
        if closed:
            pauses.append(time.monotonic() - closed)
        bridge.settimeout(10)
        bridge.recv(4096)
        bridge.sendall(b"\x20\x02\0\0")
        bridge.recv(4096)
        bridge.close()
        closed = time.monotonic()
finally:
    broker.kill()
print(f"restart_timeout {words}: " + ("5 s or more" if min(pauses) > 4 else "less than 4 s" if max(pauses) < 4 else "between"))
END
seen() {
	isolated python3 "$work/pause.py" "$work/$1" 1
	isolated python3 "$work/pause.py" "$work/$1" '1 1'
}
observe "$(seen bookworm)" 'restart_timeout 1: 5 s or more
restart_timeout 1 1: less than 4 s'
observe "$(seen trixie)" 'restart_timeout 1: less than 4 s
restart_timeout 1 1: less than 4 s'
