# shellcheck shell=bash
# What the findings share; each of them sources it. A finding installs pinned public packages below a temporary folder, which goes when it
# ends, and runs them in a network of its own, with an /etc/hosts of its own. Needs root, apt or npm, and unshare(1).

set -u
work=$(mktemp -d) || exit 2
chmod 755 "$work"
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# Says what stopped the finding before it could observe anything.
stop() {
	echo "not observed: $*" >&2
	exit 2
}

# packages SUITE NAME=VERSION ...: these, with all that they depend on (libc included), unpacked below $work/SUITE. The archive keeps only
# the newest versions of a suite: where a pinned one is gone, this says so.
packages() {
	local suite=$1 apt=$work/apt-$1 deb
	shift
	mkdir -p "$apt"/{lists/partial,cache/archives/partial} "$work/$suite"
	: >"$apt/status"
	chmod -R a+rX "$apt"
	{
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main"
		[ "$suite" = sid ] || echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian-security $suite-security main"
	} >"$apt/sources.list"
	cat >"$apt/conf" <<-END
		Dir::State "$apt"; Dir::State::status "$apt/status"; Dir::State::lists "$apt/lists"; Dir::Cache "$apt/cache";
		Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "-"; Dir::Etc::preferencesparts "-"; Dir::Etc::preferences "-";
		APT::Install-Recommends "false"; APT::Sandbox::User "root"; Debug::NoLocking "true";
	END
	APT_CONFIG=$apt/conf apt-get -qq update >"$work/apt.log" 2>&1 || stop "apt-get update for $suite: $(tail -n 1 "$work/apt.log")"
	APT_CONFIG=$apt/conf apt-get -qq -y --download-only install "$@" >"$work/apt.log" 2>&1 ||
		stop "$suite has no more $*: $(grep -m 1 '^E:' "$work/apt.log")"
	mkdir -p "$work/$suite/usr"/{bin,sbin,lib,lib64}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$work/$suite/"
	for deb in "$apt"/cache/archives/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/$suite" --keep-directory-symlink; done
	mkdir -p "$work/$suite"/{dev,etc,tmp,proc} "$work/$suite$work"
	mknod -m 666 "$work/$suite/dev/null" c 1 3
	mknod -m 666 "$work/$suite/dev/urandom" c 1 9
	printf 'root:x:0:0::/:\nnobody:x:65534:65534::/:\n' >"$work/$suite/etc/passwd"
	# As Debian installs it: without it, libc takes the first line alone of a name that has several, where one family is asked.
	echo 'multi on' >"$work/$suite/etc/host.conf"
}

# npm_packages NAME@VERSION ...: these, below $work/node_modules.
npm_packages() {
	npm install --prefix "$work" --silent --no-save "$@" >"$work/npm.log" 2>&1 || stop "npm install $*: $(tail -n 1 "$work/npm.log")"
}

# build LIBRARY SUITE ...: compiles $work/try.c for each of these unpacked suites, with the suite's own library. `bash "$work/run" WORD ...` then
# runs the programs one after another, and prints "SUITE: " and what each says.
build() {
	local library=$1 root
	shift
	for root in "$@"; do
		gcc -w -o "$work/$root$work/try" "$work/try.c" -I "$work/$root/usr/include" -I "$work/$root/usr/include/x86_64-linux-gnu" \
			-L "$work/$root/usr/lib/x86_64-linux-gnu" -L "$work/$root/usr/lib" -Wl,--allow-shlib-undefined "-l$library" ||
			stop "the program does not build for $root"
		echo "echo \"$root: \$(chroot '$work/$root' '$work/try' \"\$@\")\"" >>"$work/run"
	done
}

# dns_module: $work/dnsserver.py, for a DNS server in Python: serve(port, answer) prints "ready" and then answers each question with
# answer(its type), a list of records, as address() makes them, without an SOA record.
dns_module() {
	cat >"$work/dnsserver.py" <<-'END'
		import socket

		def address(ttl, text="127.0.0.7"):
		    return b"\xc0\x0c\0\1\0\1" + ttl.to_bytes(4, "big") + b"\0\4" + socket.inet_aton(text)

		def serve(port, answer):
		    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    server.bind(("127.0.0.1", port))
		    print("ready", flush=True)
		    while True:
		        data, client = server.recvfrom(512)
		        end = 12
		        while data[end]:
		            end += data[end] + 1
		        records = answer(data[end + 2])
		        counts = b"\0\1" + bytes([0, len(records)]) + b"\0\0\0\0"
		        server.sendto(data[:2] + b"\x85\x80" + counts + data[12:end + 5] + b"".join(records), client)
	END
}

# web_module: $work/web.py, for an HTTP server in Python: serve(answer, address, fast_open) begins to answer each GET on port 8099 of address, in
# a thread, with answer(the address that the client is connected to), and returns the server. here() is such an answer: the address.
web_module() {
	cat >"$work/web.py" <<-'END'
		import http.server, socket, threading

		def here(address):
		    return address

		def serve(answer, address="127.0.0.7", fast_open=False):
		    class Here(http.server.BaseHTTPRequestHandler):
		        def do_GET(self):
		            body = answer(self.connection.getsockname()[0]).encode()
		            self.send_response(200)
		            self.send_header("Content-Length", str(len(body)))
		            self.end_headers()
		            self.wfile.write(body)
		        def log_message(self, *args):
		            pass
		    class Server(http.server.ThreadingHTTPServer):
		        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
		    server = Server((address, 8099), Here)
		    if fast_open:
		        server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
		    threading.Thread(target=server.serve_forever, daemon=True).start()
		    return server
	END
}

# cares_lookup: c-ares of bookworm (1.18.1) and trixie (1.34.9), and a program built on each, see build: with COUNT as its word, it asks one
# channel COUNT times for an IPv4 address, from the DNS server on port 5300, and prints what came.
cares_lookup() {
	packages bookworm libc-ares2=1.18.1-3 libc-ares-dev
	packages trixie libcares2=1.34.9-1~deb13u1 libc-ares-dev
	cat >"$work/try.c" <<-'END'
		#include <ares.h>
		#include <netdb.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <sys/select.h>
		static int done;
		static void ended(void *arg, int status, int timeouts, struct ares_addrinfo *result)
		{
			(void)arg, (void)timeouts;
			done = 1;
			if (status == ARES_SUCCESS)
				printf("an address with the TTL %d", result->nodes->ai_ttl);
			else
				printf("%s", status == ARES_ENODATA ? "no data" : ares_strerror(status));
			if (result)
				ares_freeaddrinfo(result);
		}
		int main(int argc, char **argv)
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
			for (int i = 0; i < atoi(argv[1]); i++) {
				if (i)
					printf(", ");
				done = 0;
				ares_getaddrinfo(channel, "moved.example.test", NULL, &hints, ended, NULL);
				while (!done) {
					fd_set in, out;
					struct timeval some = { 0, 50000 };
					FD_ZERO(&in);
					FD_ZERO(&out);
					select(ares_fds(channel, &in, &out), &in, &out, NULL, &some);
					ares_process(channel, &in, &out);
				}
			}
			ares_destroy(channel);
			return 0;
		}
	END
	build cares bookworm trixie
}

# isolated COMMAND ...: in a network of its own (loopback alone), as a host called "inside", with $work/hosts as /etc/hosts and $work/nsswitch
# as nsswitch.conf, in the unpacked suites, too.
isolated() {
	local suite
	[ -e "$work/hosts" ] || echo '127.0.0.1 localhost' >"$work/hosts"
	[ -e "$work/nsswitch" ] || echo 'hosts: files' >"$work/nsswitch"
	for suite in bookworm trixie sid; do
		[ ! -d "$work/$suite" ] || { cp "$work/hosts" "$work/$suite/etc/hosts" && cp "$work/nsswitch" "$work/$suite/etc/nsswitch.conf"; }
	done
	# shellcheck disable=SC2016 # for the shell inside
	work=$work unshare --net --mount --uts --pid --fork --kill-child bash -c '
		ip link set lo up && hostname inside
		mount --bind "$work/hosts" /etc/hosts && mount --bind "$work/nsswitch" /etc/nsswitch.conf && mount -t proc proc /proc
		exec "$@"' isolated "$@"
}

# observe SEEN EXPECTED: what was seen is what this file says.
observe() {
	if [ "$1" = "$2" ]; then
		printf 'as stated:\n%s\n' "$1"
	else
		printf 'changed; stated:\n%s\nseen:\n%s\n' "$2" "$1"
		exit 1
	fi
}
