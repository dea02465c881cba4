#!/usr/bin/env bash
# A library in LD_PRELOAD does not lead PHP's curl: PHP loads its extensions with RTLD_DEEPBIND, which puts libc first. Debian's 8.4 does not.
#
# Seen with PHP 8.2.36 (bookworm) and 8.4.28 (trixie): a preloaded library that replaces getaddrinfo() answers PHP's own streams in both,
# and curl_exec() in 8.4 alone. In 8.2 the dlopen() of each extension has RTLD_DEEPBIND: the extension, and libcurl that comes with it, find
# libc before what was preloaded. The same holds for every other function that such a library replaces, malloc() included. Debian's changelog
# has the reason why 8.4 differs: a patch of its own (8.4.2-1), "disable it by default except for apache". PHP itself lists that change for 8.5.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm php8.2-cli=8.2.36-1~deb12u1 php8.2-curl=8.2.36-1~deb12u1
packages trixie php8.4-cli=8.4.28-1~deb13u1 php8.4-curl=8.4.28-1~deb13u1
cat >"$work/preload.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <netdb.h>
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	return next(strcmp(name, "moved.example.test") ? name : "127.0.0.7", service, hints, result);
}
void *dlopen(const char *path, int flags)
{
	void *(*next)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");
	if (path && strstr(path, "/curl.so"))
		printf("curl.so %s RTLD_DEEPBIND", flags & RTLD_DEEPBIND ? "with" : "without");
	return next(path, flags);
}
END
cat >"$work/try.php" <<'END'
<?php
stream_context_set_default(["http" => ["timeout" => 2]]);
echo "; streams: ", trim(@file_get_contents("http://moved.example.test:8099/") ?: "not found");
$curl = curl_init("http://moved.example.test:8099/");
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
echo "; curl: ", trim(curl_exec($curl) ?: "not found"), "\n";
END
web_module
cat >"$work/server.py" <<'END'
import os, subprocess, sys
from web import serve
serve(lambda _: "led")
for root, php, api in (("bookworm", "8.2", "20220829"), ("trixie", "8.4", "20240924")):
    folder = f"/usr/lib/php/{api}"
    print(f"PHP {php}:", subprocess.run(
        [f"/usr/bin/php{php}", "-n", "-d", f"extension={folder}/curl.so", "/tmp/try.php"], env={"LD_PRELOAD": "/tmp/preload.so"},
        preexec_fn=lambda: os.chroot(f"{sys.argv[1]}/{root}"), capture_output=True, text=True).stdout.strip())
END
for root in bookworm trixie; do
	# Built for the older libc of the two; both have dlsym() in it.
	gcc -w -shared -fPIC -o "$work/$root/tmp/preload.so" "$work/preload.c" || stop "the library does not build"
	cp "$work/try.php" "$work/$root/tmp/"
done
observe "$(isolated python3 "$work/server.py" "$work" 2>&1)" 'PHP 8.2: curl.so with RTLD_DEEPBIND; streams: led; curl: not found
PHP 8.4: curl.so without RTLD_DEEPBIND; streams: led; curl: led'
