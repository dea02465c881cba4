#!/usr/bin/env bash
# c-ares 1.34 keeps an empty DNS answer that has no SOA: a channel never asks that name again while the process lives.
#
# Seen with c-ares 1.34.9 (trixie): one NOERROR answer without records and without an SOA record, as small DNS servers give while a name is being
# moved, is served from the channel's query cache (on by default since 1.31); the server has the address again and gets no question for it.
# 1.18.1 (bookworm) has no cache and asks each time. ARES_OPT_QUERY_CACHE with 0 seconds switches it off. A daemon that
# resolves names again and again with one channel sees a name disappear for good.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
dns_module
cares_lookup
# Each question adds a line to its file; the first one gets an empty answer.
cat >"$work/server.py" <<'END'
import os, sys
from dnsserver import address, serve
def answer(kind):
    with open(sys.argv[1], "a") as asked:
        asked.write("a question\n")
    return [] if os.path.getsize(sys.argv[1]) == len("a question\n") else [address(ttl=0)]
serve(5300, answer)
END
cat >"$work/observation" <<'END'
python3 "$work/server.py" "$work/asked" >"$work/up" &
until [ -s "$work/up" ]; do sleep 0.01; done
while read -r run; do
	: >"$work/asked"
	said=$(bash -c "$run" run 4)
	echo "$said; questions: $(wc -l <"$work/asked")"
done <"$work/run"
kill $!
END
observe "$(isolated bash "$work/observation" 2>&1)" 'bookworm: no data, an address with the TTL 0, an address with the TTL 0, an address with the TTL 0; questions: 4
trixie: no data, no data, no data, no data; questions: 1'
