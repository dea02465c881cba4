#!/usr/bin/env bash
# redis-cli (its copy of hiredis) gives up on a name with two addresses when the first one refuses.
#
# Seen with redis-tools 5:7.0.15 of Debian 12: the second address, where the server listens, is never tried, although the library walks the
# list that getaddrinfo() gave: only EHOSTUNREACH from connect() itself moves it on, and a refusal, from the wait after EINPROGRESS, ends it.
# curl, in the same network, reaches the second address. For a name with several addresses: answer only with those that are up.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm 'redis-tools=5:7.0.15-1~deb12u10'
printf '127.0.0.2 two.example.test\n127.0.0.3 two.example.test\n' >"$work/hosts"
cat >"$work/server.py" <<'END'
import socket
server = socket.create_server(("127.0.0.3", 6379))
print("ready", flush=True)
while True:
    client, _ = server.accept()
    client.recv(100)
    client.sendall(b"+PONG\r\n")
    client.close()
END
cat >"$work/try" <<'END'
python3 "$work/server.py" | {
	read -r _
	for name in 127.0.0.3 two.example.test; do
		echo "$name: $(chroot "$work/bookworm" /usr/bin/redis-cli -h $name PING 2>&1)"
	done
	echo "curl: $(curl -s --http0.9 http://two.example.test:6379/)"
	kill -- $(pgrep -f "$work/server.py")
}
END
observe "$(isolated bash "$work/try" | tr -d '\r')" '127.0.0.3: PONG
two.example.test: Could not connect to Redis at two.example.test:6379: Connection refused
curl: +PONG'
