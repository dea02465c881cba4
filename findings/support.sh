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
}

# npm_packages NAME@VERSION ...: these, below $work/node_modules.
npm_packages() {
	npm install --prefix "$work" --silent --no-save "$@" >"$work/npm.log" 2>&1 || stop "npm install $*: $(tail -n 1 "$work/npm.log")"
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
