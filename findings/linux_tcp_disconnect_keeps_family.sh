#!/usr/bin/env bash
# connect(AF_UNSPEC) does not make an IPv6 TCP socket what it was: it keeps the family and the zone of the address that it was connected to.
#
# Seen with Linux 6.18, in a network of its own. A socket that was connected to ::ffff:127.0.0.1, and then disconnected, gets no answer from
# the listener on ::1: its connect() times out. One that was connected to a link-local address with a zone is bound to that interface,
# which getsockopt(SO_BINDTOIFINDEX) shows, and finds no route to ::1. After an address of neither kind, and with UDP
# after each, connect() works. A pool that disconnects TCP sockets, to save socket() and close(), has to close those two kinds.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
cat >"$work/try.py" <<'END'
import ctypes, errno, os, select, socket, struct

libc = ctypes.CDLL(None, use_errno=True)
SO_BINDTOIFINDEX = 62
zone = socket.if_nametoindex("v0")
listeners = [socket.create_server((text, 8099), family=family)
             for text, family in (("::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET))]

def connect(s, text, scope=0):
    try:
        s.connect((text, 8099, 0, scope))
    except BlockingIOError:
        if not select.select([], [s], [], 5)[1]:
            return "no answer in 5 s"
        return errno.errorcode.get(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "connected")
    except OSError as error:
        return errno.errorcode[error.errno]
    return "connected"

def disconnect(s):
    if libc.connect(s.fileno(), struct.pack("=H14x", socket.AF_UNSPEC), 16):
        raise OSError(ctypes.get_errno())

for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    for text, scope in (("::1", 0), ("::ffff:127.0.0.1", 0), ("fe80::2", zone)):
        s = socket.socket(socket.AF_INET6, kind)
        s.setblocking(False)
        if scope:
            # Nobody is there, but the attempt has begun.
            try:
                s.connect((text, 8099, 0, scope))
            except BlockingIOError:
                pass
        else:
            assert connect(s, text, scope) == "connected"
        disconnect(s)
        bound = s.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX)
        print(f"{'TCP' if kind == socket.SOCK_STREAM else 'UDP'}, {text}, AF_UNSPEC,",
              f"{'bound to v0' if bound == zone else 'not bound'}, ::1: {connect(s, '::1')}")
END
cat >"$work/inside" <<'END'
ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up || exit
ip -6 address add fe80::1/64 dev v0 nodad
python3 "$work/try.py"
END
case $(uname -r) in 6.18*) ;; *) stop "this is Linux $(uname -r), not 6.18" ;; esac
observe "$(isolated bash "$work/inside" 2>&1)" 'TCP, ::1, AF_UNSPEC, not bound, ::1: connected
TCP, ::ffff:127.0.0.1, AF_UNSPEC, not bound, ::1: no answer in 5 s
TCP, fe80::2, AF_UNSPEC, bound to v0, ::1: ENETUNREACH
UDP, ::1, AF_UNSPEC, not bound, ::1: connected
UDP, ::ffff:127.0.0.1, AF_UNSPEC, not bound, ::1: connected
UDP, fe80::2, AF_UNSPEC, not bound, ::1: connected'
