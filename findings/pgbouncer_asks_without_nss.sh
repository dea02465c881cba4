#!/usr/bin/env bash
# pgbouncer of Debian never asks libc for a server's name: what the Name Service Switch knows, and what a preloaded getaddrinfo would answer, it does not see.
#
# Seen with pgbouncer 1.18.0 (bookworm) and 1.24.1 (trixie), both built with c-ares: a name that a source of nsswitch.conf answers (here
# systemd's myhostname, for the host's own name) is "server DNS lookup failed", while the same name in /etc/hosts is found: c-ares reads that file itself.
# Where pgbouncer is to follow a failover, give it an address from hosts or DNS, or put the switch behind it.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm pgbouncer=1.18.0-1+deb12u1 libnss-myhostname libc-bin
packages trixie pgbouncer=1.24.1-1+deb13u2 libnss-myhostname libc-bin
printf '127.0.0.1 localhost\n127.0.0.7 listed.example.test\n' >"$work/hosts"
echo 'hosts: files myhostname' >"$work/nsswitch"
cat >"$work/pgbouncer.ini" <<END
[databases]
hosts = host=listed.example.test port=5 dbname=x
switch = host=inside port=5 dbname=x
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = 6432
auth_type = trust
auth_file = $work/users
user = nobody
unix_socket_dir =
END
echo '"x" "x"' >"$work/users"
# A startup message of the PostgreSQL protocol for each database; pgbouncer then looks for the server.
cat >"$work/ask.py" <<'END'
import socket, struct, sys, time
for database in ("hosts", "switch"):
    for attempt in range(100):
        try:
            client = socket.create_connection(("127.0.0.1", 6432))
            break
        except OSError:
            time.sleep(0.05)
    body = struct.pack("!I", 196608) + b"user\0x\0database\0" + database.encode() + b"\0\0"
    client.sendall(struct.pack("!I", len(body) + 4) + body)
    globals()[database] = client
log = sys.argv[1]
deadline = time.monotonic() + 20
while time.monotonic() < deadline:
    text = open(log).read()
    if "hosts/x@127.0.0.7:5 closing" in text and "switch/x@" in text and "DNS lookup failed" in text:
        break
    time.sleep(0.05)
END
for root in bookworm trixie; do
	cat >"$work/try" <<END
chroot "$work/$root" /usr/bin/getent hosts inside >/dev/null && echo "libc: inside is found"
chroot "$work/$root" /usr/sbin/pgbouncer "$work/pgbouncer.ini" >"$work/log" 2>&1 &
python3 "$work/ask.py" "$work/log"
grep -q 'hosts/x@127.0.0.7:5 closing because: connect failed' "$work/log" && echo "pgbouncer: listed.example.test is found, by /etc/hosts"
grep -q 'switch/x@.* closing because: server DNS lookup failed' "$work/log" && echo "pgbouncer: inside is not"
kill \$!
END
	cp "$work/users" "$work/pgbouncer.ini" "$work/$root$work/"
	observe "$(isolated bash "$work/try" 2>&1)" 'libc: inside is found
pgbouncer: listed.example.test is found, by /etc/hosts
pgbouncer: inside is not'
done
