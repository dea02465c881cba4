#!/usr/bin/env bash
# Bun keeps the address of a name for 30 s, through every refused connection: a fetch() goes on failing although the name has another one.
#
# Seen with Bun 1.4.5: its cache of lookups (30 s, BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS) is neither asked again nor emptied when the
# address refuses. Node 18 and later look the name up for each connection. Here the name moves in /etc/hosts and the old server
# ends: with Bun each of the requests of the next 10 s is refused, with Node none is; with a TTL of 1 s Bun has followed by then.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
npm_packages @oven/bun-linux-x64@1.4.5
cat >"$work/try.mjs" <<'END'
import { createServer } from "node:http";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
const serve = (name, address) => createServer((q, r) => { r.setHeader("connection", "close"); r.end(name); }).listen(8099, address);
if (process.argv[2]) {
  serve(process.argv[2], process.argv[3]);
} else {
  const [old] = ["2", "3"].map(n => spawn(process.execPath, [process.argv[1], n === "2" ? "old" : "new", `127.0.0.${n}`]));
  const ask = async () => {
    try { return await (await fetch("http://moved.example.test:8099/", { headers: { connection: "close" } })).text(); } catch { return "refused"; }
  };
  const until = async (word, tries) => {
    for (let i = 0; i < tries; i++) { if ((await ask()) === word) return true; await new Promise(done => setTimeout(done, 100)); }
    return false;
  };
  console.log("before:", (await until("old", 600)) ? "old" : "none");
  writeFileSync("/etc/hosts", "127.0.0.3 moved.example.test\n");
  old.kill("SIGKILL");
  await new Promise(done => old.on("exit", done));
  console.log("within 10 s:", (await until("new", 100)) ? "new" : "refused each time");
  process.exit();
}
END
try() {
	echo '127.0.0.2 moved.example.test' >"$work/hosts"
	isolated "$@" "$work/try.mjs" 2>&1
}
bun=$work/node_modules/@oven/bun-linux-x64/bin/bun
chmod +x "$bun"
observe "$(echo "Bun:" && try "$bun" && echo "Bun, TTL 1 s:" && try env BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS=1 "$bun" && echo "Node:" && try node)" 'Bun:
before: old
within 10 s: refused each time
Bun, TTL 1 s:
before: old
within 10 s: new
Node:
before: old
within 10 s: new'
