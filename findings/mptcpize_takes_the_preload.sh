#!/usr/bin/env bash
# mptcpize and trickle start a program without the libraries that were in LD_PRELOAD; others that preload keep them.
#
# Seen with mptcpize 0.12 and trickle 1.07 (bookworm), mptcpize 0.13 (trixie): LD_PRELOAD is theirs alone in the program, without a message, and
# what was to be preloaded for all that a service starts is gone below them. stdbuf and proxychains4 add theirs to the list. Within
# the tool a library can be added: both are loaded then.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm mptcpize=0.12-1 trickle=1.07-12 proxychains4=4.16-2 coreutils dash grep sed
packages trixie mptcpize=0.13-2 proxychains4=4.17-3 coreutils dash grep sed
echo 'int other;' >"$work/other.c"
# In a program that the tool starts: does the list of libraries name ours, and another one?
cat >"$work/try" <<'END'
export LD_PRELOAD=/tmp/other.so
look='
case $1 in add) export LD_PRELOAD="/tmp/other.so:$LD_PRELOAD" ;; esac
rest=$(echo ":$LD_PRELOAD" | sed "s/[: ]*[^: ]*other.so//")
grep -q other.so /proc/self/maps && ours=yes || ours=no
echo "ours $ours, its own ${rest:+yes}"'
for tool in 'mptcpize run' 'stdbuf -oL' 'proxychains4 -q' ${1:+"$1"}; do echo "$tool: $($tool /bin/sh -c "$look" sh)"; done
for tool in 'mptcpize run' ${1:+"$1"}; do echo "$tool, added within: $($tool /bin/sh -c "$look" sh add)"; done
END
# tools SUITE MORE: what they do, and one more, if it is given.
tools() {
	gcc -w -shared -fPIC -o "$work/$1/tmp/other.so" "$work/other.c" || stop "the library does not build"
	cp "$work/try" "$work/$1/tmp/try"
	# shellcheck disable=SC2016 # for the shell inside
	isolated bash -c 'mount -t proc proc "$1/proc" && chroot "$1" /bin/sh /tmp/try "$2"' mounted "$work/$1" "$2" 2>&1
}
observe "$(tools bookworm 'trickle -s -d 1000')" 'mptcpize run: ours no, its own yes
stdbuf -oL: ours yes, its own yes
proxychains4 -q: ours yes, its own yes
trickle -s -d 1000: ours no, its own yes
mptcpize run, added within: ours yes, its own yes
trickle -s -d 1000, added within: ours yes, its own yes'
observe "$(tools trixie '')" 'mptcpize run: ours no, its own yes
stdbuf -oL: ours yes, its own yes
proxychains4 -q: ours yes, its own yes
mptcpize run, added within: ours yes, its own yes'
