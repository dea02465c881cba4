#!/usr/bin/env bash
# c-ares 1.34 keeps an empty DNS answer that has no SOA: a channel never asks that name again while the process lives.
#
# Seen with c-ares 1.34.9 (trixie): one NOERROR answer without records and without an SOA record, as small DNS servers give while a name is being
# moved, is served from the channel's query cache (on by default since 1.31); the server has the address again and gets no question for it.
# 1.18.1 (bookworm) has no cache and asks each time. ARES_OPT_QUERY_CACHE with 0 seconds switches it off. A daemon that
# resolves names again and again with one channel sees a name disappear for good.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm libc-ares2=1.18.1-3 libc-ares-dev
packages trixie libcares2=1.34.9-1~deb13u1 libc-ares-dev
cat >"$work/server.py" <<'END'
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 5300))
asked = 0
print("ready", flush=True)
while True:
    data, client = server.recvfrom(512)
    if data == b"count":
        server.sendto(str(asked).encode(), client)
        asked = 0
        continue
    asked += 1
    end = 12
    while data[end]:
        end += data[end] + 1
    empty = asked == 1
    head = data[:2] + b"\x85\x80\0\1" + (b"\0\0" if empty else b"\0\1") + b"\0\0\0\0" + data[12:end + 5]
    server.sendto(head if empty else head + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\7", client)
END
cat >"$work/try.c" <<'END'
#include <ares.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
static const char *said;
static void ended(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	(void)arg, (void)timeouts;
	said = status == ARES_SUCCESS ? "an address" : status == ARES_ENODATA ? "no data" : ares_strerror(status);
	if (result)
		ares_freeaddrinfo(result);
}
int main(void)
{
	struct ares_options options;
	struct ares_addrinfo_hints hints;
	ares_channel channel;
	memset(&options, 0, sizeof(options));
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_INET;
	options.lookups = (char *)"b";
	ares_library_init(ARES_LIB_INIT_ALL);
	if (ares_init_options(&channel, &options, ARES_OPT_LOOKUPS) || ares_set_servers_ports_csv(channel, "127.0.0.1:5300"))
		return 1;
	for (int i = 0; i < 4; i++) {
		said = NULL;
		ares_getaddrinfo(channel, "moved.example.test", NULL, &hints, ended, NULL);
		while (!said) {
			fd_set in, out;
			struct timeval some = { 0, 50000 };
			FD_ZERO(&in);
			FD_ZERO(&out);
			select(ares_fds(channel, &in, &out), &in, &out, NULL, &some);
			ares_process(channel, &in, &out);
		}
		printf("%s%s", i ? ", " : "", said);
	}
	ares_destroy(channel);
	return 0;
}
END
cat >"$work/try" <<'END'
python3 "$work/server.py" >"$work/up" &
until [ -s "$work/up" ]; do sleep 0.01; done
for root in bookworm trixie; do
	said=$(chroot "$work/$root" "$work/try")
	asked=$(python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"count", ("127.0.0.1", 5300))
print(s.recv(10).decode())')
	echo "$root: $said; questions: $asked"
done
kill $!
END
for root in bookworm trixie; do
	gcc -w -o "$work/$root$work/try" "$work/try.c" -I "$work/$root/usr/include" -I "$work/$root/usr/include/x86_64-linux-gnu" \
		-L "$work/$root/usr/lib/x86_64-linux-gnu" -Wl,--allow-shlib-undefined -lcares || stop "the program does not build for $root"
done
observe "$(isolated bash "$work/try" 2>&1)" 'bookworm: no data, an address, an address, an address; questions: 4
trixie: no data, no data, no data, no data; questions: 1'
