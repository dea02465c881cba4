#!/usr/bin/env bash
# For libpq the addresses of one name are one server: target_session_attrs looks at the first that answers, and at no other.
#
# Seen with psql and libpq 15 (bookworm) and 17 (trixie), a standby and a primary, in that order. As two names, "host=standby,primary", libpq leaves the
# standby, which is read-only, or which "is starting up" (57P03), for the primary. As one name with both addresses it gives up: "session is
# read-only". Only a connection that cannot be made leads it to the next address of a name. So one name for primary and standby is
# no replacement for the list: give each server a name of its own, or give the name only the address of the primary.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm postgresql-client-15=15.20-0+deb12u1
packages trixie postgresql-client-17=17.12-0+deb13u1
printf '127.0.0.%s\n' '6 standby.example.test' '7 primary.example.test' '6 both.example.test' '7 both.example.test' \
	'5 none-and-primary.example.test' '7 none-and-primary.example.test' >"$work/hosts"
# The protocol of PostgreSQL, 3.0, as far as a login and one query, which it answers with the server's own address.
cat >"$work/server.py" <<'END'
import os, socket, struct, subprocess, sys, threading

def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body

def body(client):
    size, = struct.unpack("!I", client.recv(4, socket.MSG_WAITALL))
    return client.recv(size - 4, socket.MSG_WAITALL)

def session(client, standby):
    body(client)
    if standby and starting:
        client.sendall(message(b"E", b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"))
        return
    client.sendall(message(b"R", struct.pack("!I", 0)))
    for name, value in (("server_version", "15.0"), ("client_encoding", "UTF8"), ("default_transaction_read_only", "off"),
                        ("in_hot_standby", "on" if standby else "off")):
        client.sendall(message(b"S", f"{name}\0{value}\0".encode()))
    client.sendall(message(b"Z", b"I"))
    while client.recv(1) == b"Q":
        body(client)
        value = client.getsockname()[0].encode()
        client.sendall(message(b"T", struct.pack("!H2sIHIhIH", 1, b"a", 0, 0, 25, -1, 0xFFFFFFFF, 0)) +
                       message(b"D", struct.pack("!HI", 1, len(value)) + value) + message(b"C", b"SELECT 1\0") + message(b"Z", b"I"))

def serve(address, standby):
    server = socket.create_server((address, 5432))
    while True:
        client, _ = server.accept()
        with client:
            session(client, standby)

def ask(hosts, options=""):
    done = subprocess.run([f"/usr/lib/postgresql/{version}/bin/psql", "-XAtc", "which",
                           f"host={hosts} user=x dbname=x sslmode=disable gssencmode=disable {options}"],
                          preexec_fn=lambda: (os.chroot(f"{sys.argv[1]}/{root}"), os.chdir("/")), capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip().rsplit(": ", 1)[1].strip()

starting = False
for place in (("127.0.0.6", True), ("127.0.0.7", False)):
    threading.Thread(target=serve, args=place, daemon=True).start()
for root, version in (("bookworm", 15), ("trixie", 17)):
    print(f"{root}: an address that refuses, and the primary: {ask('none-and-primary.example.test')}")
    for starting, options in ((False, "target_session_attrs=read-write"), (True, "")):
        two, one = (ask(hosts, options) for hosts in ("standby.example.test,primary.example.test", "both.example.test"))
        print(f"{'starting up' if starting else 'read-write'}: two names: {two}; one name: {one}")
END
observe "$(isolated python3 "$work/server.py" "$work" 2>&1)" 'bookworm: an address that refuses, and the primary: 127.0.0.7
read-write: two names: 127.0.0.7; one name: session is read-only
starting up: two names: 127.0.0.7; one name: the database system is starting up
trixie: an address that refuses, and the primary: 127.0.0.7
read-write: two names: 127.0.0.7; one name: session is read-only
starting up: two names: 127.0.0.7; one name: the database system is starting up'
