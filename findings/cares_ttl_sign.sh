#!/usr/bin/env bash
# c-ares hands a DNS TTL with its highest bit on: as -1 in 1.18, as 2147483647 (68 years) in 1.34. RFC 2181 (8) has it as 0.
#
# Seen with 1.18.1 (bookworm) and 1.34.9 (trixie), ares_getaddrinfo(), one A record with the TTL 0xFFFFFFFF: a program that waits for
# the TTL before it asks again asks at once for ever with the one, or never again with the other.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
dns_module
cares_lookup
cat >"$work/server.py" <<'END'
from dnsserver import address, serve
serve(5300, lambda kind: [address(ttl=0xFFFFFFFF)])
END
cat >"$work/observation" <<'END'
python3 "$work/server.py" >"$work/up" &
until [ -s "$work/up" ]; do sleep 0.01; done
bash "$work/run" 1
kill $!
END
observe "$(isolated bash "$work/observation" 2>&1)" 'bookworm: an address with the TTL -1
trixie: an address with the TTL 2147483647'
