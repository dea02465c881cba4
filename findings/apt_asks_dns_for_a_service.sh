#!/usr/bin/env bash
# apt's mirror comes from DNS even where /etc/hosts has its name: an SRV record of the service is asked for first, and used first.
#
# Seen with apt 2.6.2 (bookworm) and 3.0.4 (trixie), an http source with a port of its own. /etc/hosts says 127.0.0.7; libc asks no DNS for the name.
# apt asks the DNS server of resolv.conf for _http._tcp.NAME by itself, and what the SRV record names is where it goes, port included;
# /etc/hosts, the Name Service Switch and a preloaded getaddrinfo are asked about that name, no longer about the one that is configured.
# They are its second try, if the first place refuses. Acquire::EnableSrvRecords "false" ends it.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm apt=2.6.2 netbase libc-bin
packages trixie apt=3.0.4 netbase libc-bin
printf '127.0.0.%s\n' '7 mirror.example.test' '8 elsewhere.example.test' >"$work/hosts"
echo 'hosts: files dns' >"$work/nsswitch"
dns_module
web_module
# One SRV record, 0 0 8099 elsewhere.example.test, for whichever name SRV is asked for.
cat >"$work/server.py" <<'END'
import dnsserver, web
target = b"\x09elsewhere\x07example\x04test\0"
record = b"\xc0\x0c\0\x21\0\1\0\0\0\0" + (6 + len(target)).to_bytes(2, "big") + b"\0\0\0\0" + (8099).to_bytes(2, "big") + target
web.serve(web.here, "127.0.0.7")
web.serve(web.here, "127.0.0.8")
dnsserver.serve(53, lambda kind: [record] if kind == 33 else [])
END
# apt's own program for http, which apt-get starts and talks to in this way.
cat >"$work/fetch.py" <<'END'
import os, subprocess, sys
root, srv = sys.argv[1:]
method = subprocess.Popen(["/usr/lib/apt/methods/http"], preexec_fn=lambda: os.chroot(root), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
method.stdin.write(f"601 Configuration\nConfig-Item: Acquire::EnableSrvRecords={srv}\nConfig-Item: APT::Sandbox::User=root\n\n"
                   "600 URI Acquire\nURI: http://mirror.example.test:8099/x\nFilename: /tmp/x\n\n")
method.stdin.flush()
for line in method.stdout:
    if line.startswith(("201 URI Done", "400 URI Failure")):
        break
print(f"SRV {srv}: {open(root + '/tmp/x').read() if line.startswith('201') else 'failed'}")
os.unlink(root + "/tmp/x")
method.kill()
END
cat >"$work/observation" <<'END'
python3 "$work/server.py" >"$work/up" &
until [ -s "$work/up" ]; do sleep 0.01; done
for root in bookworm trixie; do
	echo "$root: libc: $(chroot "$work/$root" /usr/bin/getent ahosts mirror.example.test | cut -d ' ' -f 1 | uniq)"
	for srv in true false; do python3 "$work/fetch.py" "$work/$root" $srv; done
done
kill $!
END
for root in bookworm trixie; do echo 'nameserver 127.0.0.1' >"$work/$root/etc/resolv.conf"; done
observe "$(isolated bash "$work/observation" 2>&1)" 'bookworm: libc: 127.0.0.7
SRV true: 127.0.0.8
SRV false: 127.0.0.7
trixie: libc: 127.0.0.7
SRV true: 127.0.0.8
SRV false: 127.0.0.7'
