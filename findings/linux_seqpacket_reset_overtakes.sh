#!/usr/bin/env bash
# A Unix socket of packets reports that its peer closed with something unread before it gives what the peer sent last, a stream after it.
#
# Seen with Linux 6.18. One end sends a packet that nobody reads, the other one answers and closes. recv() of the first end fails with
# ECONNRESET, as unix(7) lets one expect; but where a SOCK_STREAM socket gives the answer first, a SOCK_SEQPACKET socket gives it after
# the error. Who closes his end at the error, as is usual, loses it: such as why a server refuses, sent before it has read the whole
# request. The error comes once; recv() again gives the answer, and then the end.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
cat >"$work/try.py" <<'END_OF_PROGRAM'
import errno, socket

for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
    here, there = socket.socketpair(socket.AF_UNIX, kind)
    here.send(b"never read")
    there.send(b"refused")
    there.close()
    for _ in range(3):
        try:
            print(kind.name, here.recv(100))
        except OSError as error:
            print(kind.name, errno.errorcode[error.errno])
END_OF_PROGRAM
case $(uname -r) in 6.18*) ;; *) stop "this is Linux $(uname -r), not 6.18" ;; esac
observe "$(python3 "$work/try.py" 2>&1)" "SOCK_STREAM b'refused'
SOCK_STREAM ECONNRESET
SOCK_STREAM b''
SOCK_SEQPACKET ECONNRESET
SOCK_SEQPACKET b'refused'
SOCK_SEQPACKET b''"
