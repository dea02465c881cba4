#!/usr/bin/env bash
# A watch that etcd refuses is answered by its HTTP gateway with status 200 and "created", and stays open.
#
# Seen with etcd 3.4.23 (bookworm) and 3.5.16 (trixie), authentication enabled, a token that nobody gave out: kv/range is refused with the status
# 401. /v3/watch is not: 200, and a line with "created": true that has "canceled": true and the reason beside it, then nothing, and the response
# does not end. Who looks at the status, or at "created", waits for ever for changes that nobody will send. Look at "canceled" first. And log in
# without the old token: 3.4 refuses a login that has it, whatever the password.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm etcd-server=3.4.23-4+b4
packages trixie etcd-server=3.5.16-4
cat >"$work/watch.py" <<'END'
import json, os, subprocess, sys, time, urllib.error, urllib.request
root, url, none = sys.argv[1], "http://127.0.0.1:2379", subprocess.DEVNULL
subprocess.Popen(["chroot", root, "/usr/bin/etcd", "--data-dir", "/tmp/etcd"], stdout=none, stderr=none)
def ask(path, body, token=None):
    request = urllib.request.Request(f"{url}/v3/{path}", json.dumps(body).encode(), {"Authorization": token} if token else {})
    try:
        return urllib.request.urlopen(request, timeout=3)
    except urllib.error.HTTPError as error:
        return error
for _ in range(300):
    try:
        if b"true" in urllib.request.urlopen(f"{url}/health", timeout=1).read():
            break
    except OSError:
        time.sleep(0.1)
ask("auth/user/add", {"name": "root", "password": "secret"})
ask("auth/user/grant", {"user": "root", "role": "root"}) if ask("auth/role/add", {"name": "root"}) else None
ask("auth/enable", {})
print("range:", ask("kv/range", {"key": "YQ=="}, "no.1").status)
print("login:", ask("auth/authenticate", {"name": "root", "password": "secret"}, "no.1").status)
print("login without the token:", ask("auth/authenticate", {"name": "root", "password": "secret"}).status)
answer = ask("watch", {"create_request": {"key": "YQ=="}}, "no.1")
line = json.loads(answer.readline())["result"]
try:
    end = "ends" if answer.readline() == b"" else "goes on"
except TimeoutError:
    end = "stays open"
print(f"watch: {answer.status}, created: {line.get('created')}, canceled: {line.get('canceled')}; it {end}")
END
while read -r root login; do
	observe "$(isolated python3 "$work/watch.py" "$work/$root" </dev/null)" "range: 401
login: $login
login without the token: 200
watch: 200, created: True, canceled: True; it stays open"
done <<'END'
bookworm 401
trixie 200
END
