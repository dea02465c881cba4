#!/usr/bin/env bash
# With TCP Fast Open, curl stays with the first address of a name although its server is gone, and never tries the second one.
#
# Seen with curl 7.88.1 (bookworm) and 8.14.1 (trixie), Linux 6.18, a name with two addresses. Once the kernel has a cookie of the first server,
# connect() with TCP_FASTOPEN_CONNECT succeeds at once, without a packet: "Connected". The refusal comes with the request, as
# "Recv failure: Connection refused", status 56, which ends the transfer. Without --tcp-fastopen the same curl is answered by the second address.
# So it is with every list of addresses that is walked until a connect() succeeds. --retry with --retry-all-errors does not help while the first
# server is away: a new attempt begins with it again.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm curl=7.88.1-10+deb12u15
packages trixie curl=8.14.1-2+deb13u7
printf '127.0.0.6 two.example.test\n127.0.0.7 two.example.test\n' >"$work/hosts"
web_module
cat >"$work/server.py" <<'END'
import os, subprocess, sys
from web import here, serve
def ask(*options):
    done = subprocess.run(["/usr/bin/curl", "-sS", *options, "http://two.example.test:8099/"],
                          preexec_fn=lambda: os.chroot(f"{sys.argv[1]}/{root}"), capture_output=True, text=True)
    return f"{done.stdout or 'no answer'}, status {done.returncode}"
again = ("--tcp-fastopen", "--retry", "2", "--retry-delay", "1", "--retry-all-errors")
serve(here, "127.0.0.7", fast_open=True)
for root in ("bookworm", "trixie"):
    first = serve(here, "127.0.0.6", fast_open=True)
    print(f"{root}: {ask('--tcp-fastopen')}", end="")
    first.shutdown()
    first.server_close()
    print(f"; the first server gone: {ask()}; fast open: {ask('--tcp-fastopen')}; retried: {ask(*again)}")
END
cat >"$work/observation" <<'END'
echo 3 >/proc/sys/net/ipv4/tcp_fastopen
python3 "$work/server.py" "$work"
END
observe "$(isolated bash "$work/observation" 2>&1)" 'bookworm: 127.0.0.6, status 0; the first server gone: 127.0.0.7, status 0; fast open: no answer, status 56; retried: no answer, status 56
trixie: 127.0.0.6, status 0; the first server gone: 127.0.0.7, status 0; fast open: no answer, status 56; retried: no answer, status 56'
