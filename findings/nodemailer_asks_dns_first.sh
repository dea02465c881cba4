#!/usr/bin/env bash
# nodemailer sends mail to the address that DNS has, though getaddrinfo(), /etc/hosts and every other part of the program say another one.
#
# Seen with nodemailer 7.0.3 on Node 20: it asks DNS by itself (dns.resolve4, that is c-ares) and takes dns.lookup only when DNS has nothing, or
# when the host has no interface but loopback. So a test without a network, or without DNS, sees it obey /etc/hosts, and production does not.
# For users of shunt: neither door reaches it while DNS answers; pass the address of `dns.lookup` as `host` and the name as `tls.servername`.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
npm_packages nodemailer@7.0.3
printf '127.0.0.8 mail.example.test\n' >"$work/hosts"
echo 'hosts: files dns' >"$work/nsswitch"
echo 'nameserver 127.0.0.1' >"$work/resolv"
dns_module
cat >"$work/dns.py" <<'END'
from dnsserver import address, serve
serve(53, lambda kind: [address(ttl=1)] if kind == 1 else [])
END
cat >"$work/mail.js" <<'END'
const mail = require('nodemailer'), net = require('net'), dns = require('dns');
let reached;
const serve = (address) => net.createServer((c) => { reached = address; c.destroy(); }).listen(2525, address);
serve('127.0.0.7');
serve('127.0.0.8');
dns.lookup('mail.example.test', (error, address) => {
  mail.createTransport({ host: 'mail.example.test', port: 2525, logger: false }).verify(() => {
    console.log(`${process.argv[2]}: dns.lookup says ${address}, nodemailer goes to ${reached}`);
    process.exit();
  });
});
END
cat >"$work/try" <<'END'
mount --bind "$work/resolv" /etc/resolv.conf
cd "$work" || exit 1
python3 dns.py >up &
until [ -s up ]; do sleep 0.01; done
node mail.js 'loopback alone' 2>/dev/null
ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && ip link set v0 up && ip link set v1 up
node mail.js 'with an interface' 2>/dev/null
kill $!
END
observe "$(isolated bash "$work/try")" 'loopback alone: dns.lookup says 127.0.0.8, nodemailer goes to 127.0.0.8
with an interface: dns.lookup says 127.0.0.8, nodemailer goes to 127.0.0.7'
