#!/usr/bin/env bash
# undici's DNS interceptor goes back to an address that refused: with one good and one dead IPv4 address every other request fails.
#
# Seen with undici 7.10.0 and 7.30.2: the interceptor keeps the addresses of a name for `maxTTL` (10 s by default) and takes them in turn, one
# a request. A refusal neither removes the address nor sends the request to the other one: it falls back between families, not
# within one. No second lookup is made meanwhile. undici without the interceptor leaves the list to net.connect(), which tries both.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
cat >"$work/try.js" <<'END'
const { Agent, interceptors, request } = require('undici');
const http = require('http');
const both = [{ address: '127.0.0.2', family: 4 }, { address: '127.0.0.3', family: 4 }];
let lookups = 0;
const intercepted = new Agent().compose(interceptors.dns({ lookup: (origin, options, done) => { lookups++; done(null, both); } }));
const plain = new Agent({ connect: { lookup: (host, options, done) => done(null, both), autoSelectFamily: true } });
const ask = async (dispatcher) => {
  const seen = [];
  for (let i = 0; i < 6; i++) {
    try {
      const { body } = await request('http://two.example.test:8099/', { dispatcher });
      seen.push(await body.text());
    } catch (error) { seen.push(error.code); }
  }
  return seen.join(' ');
};
const server = http.createServer((q, r) => { r.setHeader('connection', 'close'); r.end('good'); }).listen(8099, '127.0.0.3', async () => {
  console.log('interceptor:', await ask(intercepted), `(${lookups} lookup)`);
  console.log('plain:', await ask(plain));
  process.exit();
});
END
for version in 7.10.0 7.30.2; do
	npm_packages "undici@$version"
	observe "$(cd "$work" && isolated node try.js)" 'interceptor: ECONNREFUSED good ECONNREFUSED good ECONNREFUSED good (1 lookup)
plain: good good good good good good'
	rm -rf "$work/node_modules"
done
