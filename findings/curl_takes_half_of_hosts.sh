#!/usr/bin/env bash
# From 8.23 on, curl mixes /etc/hosts with DNS: a name with an IPv4 line in the file is reached over IPv6, at the address that DNS has.
#
# Seen with curl 8.14.1 (trixie) and 8.23.0 (sid), "hosts: files dns". libc stops at the file that has the name, if it is asked for any family, as
# 8.14.1 does. 8.23.0 asks for AF_INET6 and AF_INET in two calls, and the file has nothing for AF_INET6: so libc goes on to DNS for
# that half. IPv6 is then tried first, and the line in the file, written to lead the name elsewhere, does nothing. getent ahosts, and a program
# that makes one call, still see the line alone. Write both families of a name into /etc/hosts.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages trixie curl=8.14.1-2+deb13u7 libc-bin
packages sid curl=8.23.0-1 libc-bin
printf '127.0.0.1 localhost\n127.0.0.7 moved.example.test\n' >"$work/hosts"
echo 'hosts: files dns' >"$work/nsswitch"
dns_module
web_module
cat >"$work/server.py" <<'END'
import socket
import dnsserver, web
record = b"\xc0\x0c\0\x1c\0\1\0\0\0\0\0\x10" + socket.inet_pton(socket.AF_INET6, "fd00::8")
web.serve(web.here, "127.0.0.7")
web.serve(web.here, "fd00::8")
dnsserver.serve(53, lambda kind: [record] if kind == 28 else [])
END
# libc asks for a family only if an interface beside loopback has an address of it.
cat >"$work/observation" <<'END'
ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up || exit
ip -6 address add fd00::8/64 dev v0 nodad && ip address add 192.0.2.1/24 dev v0 || exit
python3 "$work/server.py" >"$work/up" &
until [ -s "$work/up" ]; do sleep 0.01; done
for root in trixie sid; do
	echo "$root: libc: $(chroot "$work/$root" /usr/bin/getent ahosts moved.example.test | cut -d ' ' -f 1 | uniq)"
	echo "curl: $(chroot "$work/$root" /usr/bin/curl -sS http://moved.example.test:8099/)"
done
kill $!
END
for root in trixie sid; do echo 'nameserver 127.0.0.1' >"$work/$root/etc/resolv.conf"; done
observe "$(isolated bash "$work/observation" 2>&1)" 'trixie: libc: 127.0.0.7
curl: 127.0.0.7
sid: libc: 127.0.0.7
curl: fd00::8'
