#!/usr/bin/env bash
# grpc-js does not look a name up again for 30 s, whatever happens to the connection: calls fail although the name has a server that answers.
#
# Seen with @grpc/grpc-js 1.14.7: a channel whose server has died asks for the name again, but the DNS resolver waits until 30 s have
# passed since the last lookup (grpc.dns_min_time_between_resolutions_ms), and tries the old address meanwhile, with a backoff. Each call
# without waitForReady fails with UNAVAILABLE. Here the name moves in /etc/hosts and the old server ends: no call of the next 8 s
# succeeds; with 100 ms for that option they do.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
npm_packages @grpc/grpc-js@1.14.7
cat >"$work/try.js" <<'END'
const { Client, Server, ServerCredentials, credentials } = require("@grpc/grpc-js");
const { fork } = require("child_process");
const { writeFileSync } = require("fs");
const same = bytes => bytes;
if (process.argv[2] === "serve") {
  const server = new Server();
  const name = { path: "/t.T/Name", requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same,
                 responseSerialize: same, responseDeserialize: same };
  server.addService({ Name: name }, { Name: (call, done) => done(null, Buffer.from(process.argv[3])) });
  server.bindAsync(`${process.argv[4]}:50051`, ServerCredentials.createInsecure(), () => process.send("ready"));
} else {
  const start = (...words) => new Promise(done => { const child = fork(__filename, ["serve", ...words]); child.on("message", () => done(child)); });
  const options = process.argv[2] ? { "grpc.dns_min_time_between_resolutions_ms": Number(process.argv[2]) } : {};
  (async () => {
    const [old, young] = await Promise.all([start("old", "127.0.0.2"), start("new", "127.0.0.3")]);
    const client = new Client("moved.example.test:50051", credentials.createInsecure(), options);
    const ask = () => new Promise(done => client.makeUnaryRequest("/t.T/Name", same, same, Buffer.alloc(0),
      (error, reply) => done(error ? "failed" : reply.toString())));
    console.log("before:", await ask());
    writeFileSync("/etc/hosts", "127.0.0.3 moved.example.test\n");
    old.kill("SIGKILL");
    await new Promise(done => old.on("exit", done));
    const end = Date.now() + 8000;
    let seen = "failed";
    while (Date.now() < end && seen !== "new") { seen = await ask(); await new Promise(done => setTimeout(done, 100)); }
    console.log("within 8 s:", seen);
    young.kill();
    process.exit();
  })();
}
END
try() {
	echo '127.0.0.2 moved.example.test' >"$work/hosts"
	isolated node "$work/try.js" "$@" 2>&1
}
observe "$(echo "default:" && try && echo "100 ms:" && try 100)" 'default:
before: old
within 8 s: failed
100 ms:
before: old
within 8 s: new'
