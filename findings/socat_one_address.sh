#!/usr/bin/env bash
# socat tries only the first of a name's addresses, in Debian 12 and in Debian 13.
#
# Seen with socat 1.7.4.4 (bookworm) and 1.8.0.3 (trixie): "Connection refused" of the first address is the end, though the second one listens;
# nc, which the script waits with, goes on to it. A check or a script that goes through socat says "down" of a name with one good address.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm socat=1.7.4.4-2
packages trixie socat=1.8.0.3-1+deb13u1
printf '127.0.0.2 two.example.test\n127.0.0.3 two.example.test\n' >"$work/hosts"
cat >"$work/try" <<'END'
nc -lk 127.0.0.3 7000 </dev/null >/dev/null 2>&1 &
until nc -z two.example.test 7000; do :; done
for root in "$work/bookworm" "$work/trixie"; do
	chroot "$root" /usr/bin/socat -u /dev/null TCP:two.example.test:7000 2>"$work/said"
	echo "${root##*/}: status $?$(grep -o ': Connection refused' "$work/said" | tail -n 1)"
done
kill $!
END
observe "$(isolated bash "$work/try" 2>/dev/null)" 'bookworm: status 1: Connection refused
trixie: status 1: Connection refused'
