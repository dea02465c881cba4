#!/usr/bin/env bash
# c-ares hands a DNS TTL with its highest bit on: as -1 in 1.18, as 2147483647 (68 years) in 1.34. RFC 2181 (8) has it as 0.
#
# Seen with 1.18.1 (bookworm) and 1.34.9 (trixie), ares_getaddrinfo(), one A record with the TTL 0xFFFFFFFF: a program that waits for
# the TTL before it asks again asks at once for ever with the one, or never again with the other.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm libc-ares2=1.18.1-3 libc-ares-dev
packages trixie libcares2=1.34.9-1~deb13u1 libc-ares-dev
cat >"$work/server.py" <<'END'
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 5300))
print("ready", flush=True)
while True:
    data, client = server.recvfrom(512)
    end = 12
    while data[end]:
        end += data[end] + 1
    server.sendto(data[:2] + b"\x85\x80\0\1\0\1\0\0\0\0" + data[12:end + 5] + b"\xc0\x0c\0\1\0\1\xff\xff\xff\xff\0\4\x7f\0\0\7", client)
END
cat >"$work/try.c" <<'END'
#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
static int done;
static void ended(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	(void)arg, (void)timeouts;
	done = 1;
	if (status == ARES_SUCCESS)
		printf("%d", result->nodes->ai_ttl);
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
	ares_getaddrinfo(channel, "long.example.test", NULL, &hints, ended, NULL);
	while (!done) {
		fd_set in, out;
		struct timeval some = { 0, 50000 };
		FD_ZERO(&in);
		FD_ZERO(&out);
		select(ares_fds(channel, &in, &out), &in, &out, NULL, &some);
		ares_process(channel, &in, &out);
	}
	ares_destroy(channel);
	return 0;
}
END
cat >"$work/try" <<'END'
python3 "$work/server.py" >"$work/up" &
until [ -s "$work/up" ]; do sleep 0.01; done
for root in bookworm trixie; do echo "$root: $(chroot "$work/$root" "$work/try")"; done
kill $!
END
for root in bookworm trixie; do
	gcc -w -o "$work/$root$work/try" "$work/try.c" -I "$work/$root/usr/include" -I "$work/$root/usr/include/x86_64-linux-gnu" \
		-L "$work/$root/usr/lib/x86_64-linux-gnu" -Wl,--allow-shlib-undefined -lcares || stop "the program does not build for $root"
done
observe "$(isolated bash "$work/try" 2>&1)" 'bookworm: -1
trixie: 2147483647'
