#!/usr/bin/env bash
# `ss -K` ends no MPTCP connection: it kills the path below, and both programs go on writing into nothing for a minute.
#
# Seen with iproute2 6.1 (bookworm) and 6.15 (trixie), Linux 6.18, in a network of its own. Of a TCP connection that `ss -K` lists, the client reads
# ECONNABORTED at once, the server ECONNRESET. Of an MPTCP connection it lists and destroys the subflow, a TCP socket, and says so in
# the same words; the connection stays ESTAB on both sides, readers wait, and send() succeeds. After net.mptcp.close_timeout, 60 s
# where nobody changed it, the next call is ENOTCONN. mptcpize, or a server that listens with MPTCP as Go's does, is enough to have such
# connections. Where connections are killed during an incident, set the time-out to 1.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm iproute2=6.1.0-3
packages trixie iproute2=6.15.0-1
cat >"$work/try.py" <<'END'
import errno, socket, subprocess, sys

MPTCP = 262

def connection(protocol):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.7", 8099))
        listener.listen()
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
        client.connect(("127.0.0.7", 8099))
        server = listener.accept()[0]
    for one, other in ((client, server), (server, client)):
        one.sendall(b"x")
        other.recv(1)
    return client, server

def reads(end, seconds):
    end.settimeout(seconds)
    try:
        return end.recv(1)
    except TimeoutError:
        return "waits"
    except OSError as error:
        return errno.errorcode[error.errno]

def writes(end):
    try:
        return f"sends {end.send(b'x')} byte"
    except OSError as error:
        return errno.errorcode[error.errno]

def close_timeout(seconds):
    with open("/proc/sys/net/mptcp/close_timeout", "w") as file:
        file.write(str(seconds))

for root in ("bookworm", "trixie"):
    for name, protocol in (("TCP", 0), ("MPTCP", MPTCP)):
        close_timeout(60)
        client, server = connection(protocol)
        kill = ["chroot", f"{sys.argv[1]}/{root}", "/bin/ss", "-HtnK", "dst", "127.0.0.7:8099"]
        listed = subprocess.run(kill, capture_output=True, text=True)
        print(f"{root}: {name}, ss lists {len(listed.stdout.splitlines())}, status {listed.returncode};",
              f"client: {reads(client, 1)}, {writes(client)}; server: {reads(server, 1)}, {writes(server)}")
close_timeout(1)
client, server = connection(MPTCP)
subprocess.run(kill, capture_output=True)
print(f"close_timeout 1: client: {reads(client, 10)}, server: {reads(server, 10)}")
END
case $(uname -r) in 6.18*) ;; *) stop "this is Linux $(uname -r), not 6.18" ;; esac
[ -e /proc/sys/net/mptcp/enabled ] || stop "this kernel has no MPTCP"
observe "$(isolated python3 "$work/try.py" "$work" 2>&1)" 'bookworm: TCP, ss lists 1, status 0; client: ECONNABORTED, EPIPE; server: ECONNRESET, EPIPE
bookworm: MPTCP, ss lists 1, status 0; client: waits, sends 1 byte; server: waits, sends 1 byte
trixie: TCP, ss lists 1, status 0; client: ECONNABORTED, EPIPE; server: ECONNRESET, EPIPE
trixie: MPTCP, ss lists 1, status 0; client: waits, sends 1 byte; server: waits, sends 1 byte
close_timeout 1: client: ENOTCONN, server: ENOTCONN'
