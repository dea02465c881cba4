#!/usr/bin/env bash
# curl's %{remote_ip} is the address that curl asked for, no longer the one that it is connected to.
#
# Seen with curl 7.88.1 (bookworm) and 8.14.1 (trixie): a preloaded library leads connect() from 127.0.0.6 to 127.0.0.7, as torsocks,
# proxychains or a connect program of a cgroup do. The server on 127.0.0.7 answers both. 7.88.1 asks getpeername() and says 127.0.0.7;
# 8.14.1 says 127.0.0.6, where nobody listens. What a script or a monitor learns of who answered has to come from the server.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm curl=7.88.1-10+deb12u15
packages trixie curl=8.14.1-2+deb13u7
cat >"$work/preload.c" <<'END'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <sys/socket.h>
int connect(int fd, const struct sockaddr *to, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
	struct sockaddr_in *place = (struct sockaddr_in *)to, elsewhere;
	if (to->sa_family != AF_INET || place->sin_addr.s_addr != inet_addr("127.0.0.6"))
		return next(fd, to, length);
	elsewhere = *place;
	elsewhere.sin_addr.s_addr = inet_addr("127.0.0.7");
	return next(fd, (struct sockaddr *)&elsewhere, sizeof(elsewhere));
}
END
web_module
cat >"$work/server.py" <<'END'
import os, subprocess, sys
from web import serve
serve(lambda address: f"the server is {address}")
for root in ("bookworm", "trixie"):
    print(f"{root}:", subprocess.run(
        ["/usr/bin/curl", "-sS", "-w", ", remote_ip is %{remote_ip}", "http://127.0.0.6:8099/"], env={"LD_PRELOAD": "/tmp/preload.so"},
        preexec_fn=lambda: os.chroot(f"{sys.argv[1]}/{root}"), capture_output=True, text=True).stdout)
END
for root in bookworm trixie; do
	gcc -w -shared -fPIC -o "$work/$root/tmp/preload.so" "$work/preload.c" || stop "the library does not build"
done
observe "$(isolated python3 "$work/server.py" "$work" 2>&1)" 'bookworm: the server is 127.0.0.7, remote_ip is 127.0.0.7
trixie: the server is 127.0.0.7, remote_ip is 127.0.0.6'
