"""The clients: one row each. A new client is a row here, and a driver in programs/ if it is a library."""
import collections

# name      as in docs/clients.md
# command   its words; in them, {name} is the managed name, {programs} the folder of programs/, {modules} that of npm's packages,
#           {built} that of what was compiled, {files} that of the configurations in proxies.py. {python}, {java}: see lab.py.
# service   the server that it needs
# doors     of "preload" and "nss", those that reach it
# why       how it looks up names, as far as it matters here
# helps     what to do where a door is missing, or where it takes long
# waits     what it waits for, of itself, although shunt has an answer for it
# kind      "lines": lives on and is asked by lines; "proxy": lives on and is asked through `ask`; "command": is run for each question
# ask       of a proxy: the command that asks it
# connects  False: it looks names up and prints addresses, so that no door of connections leads it
# since     (VERSION, doors): those from that version of the package on
# version   the command that prints its version, or npm:PACKAGE, or deb:PACKAGE
# files     that must exist for it, beyond the command's first word
Client = collections.namedtuple("Client", "name command service doors why helps kind ask version files since connects waits",
                                defaults=("http", ("preload", "nss"), "", "", "lines", (), (), (), (), True, ""))  # fmt: skip

# What is aimed at, with all that a record can switch on.
# clients       their names
# killed        seconds until the standby answers
# black_hole    the same; after_verdict: from the verdict on, not from the break
Goal = collections.namedtuple("Goal", "clients killed black_hole after_verdict", defaults=(False,))

BOTH, NSS, PRELOAD, NEITHER = ("preload", "nss"), ("nss",), ("preload",), ()

LIBC = "getaddrinfo()"
OWN_CACHE = "getaddrinfo(), then a cache of its own"
DNS = "speaks DNS itself"
URL = "http://{name}:8080/"
PROXIED = ("curl", "--disable", "--silent", "--max-time", "120", "http://127.0.0.1:{port}/")


def npm(name, driver, service="http", package=None, runtime=("node",), **fields):
    command = (*runtime, "{programs}/ask.mjs", driver, "{name}")
    fields.setdefault("version", f"npm:{package}" if package else (*runtime[:1], "--version"))
    return Client(name, command, service, files=(f"{{modules}}/node_modules/{package}",) if package else (), **fields)


def python(name, driver, package=None, service="http", **fields):
    files = (f"{{python_modules}}/{driver}",) if package else ()
    version = f"deb:{package}" if package else ("{python}", "--version")
    return Client(name, ("{python}", "{programs}/ask.py", driver, "{name}"), service, version=version, files=files, **fields)


def ruby(name, driver, package, service="http", **fields):
    return Client(name, ("ruby", "{programs}/ask.rb", driver, "{name}"), service, version=f"deb:{package}", **fields)


def java(name, driver, service="http", libraries=(), **fields):
    fields.setdefault("version", ("java", "--version"))
    return Client(name, ("java", "-XX:TieredStopAtLevel=1", "-cp", "{built}:{jars}", "Ask", driver, "{name}"), service,
                  files=("{built}/Ask.class", *libraries), **fields)  # fmt: skip


BUN = ("{modules}/node_modules/@oven/bun-linux-x64/bin/bun",)
DENO = ("{modules}/node_modules/@deno/linux-x64-glibc/deno", "run", "-A")
WORKERD = "{modules}/node_modules/@cloudflare/workerd-linux-64/bin/workerd"
JVM = "the JVM keeps addresses for 30 s"
JVM_HELPS = "`-Dsun.net.inetaddr.ttl=1`"

CLIENTS = (
    # Node, Bun, Deno, workerd
    npm("Node fetch", "fetch", why=LIBC),
    npm("Node http", "http", why=LIBC),
    npm("Node net", "net", why=LIBC),
    npm("Node dns.lookup", "lookup", why=LIBC, connects=False),
    npm("Node dns.resolve", "resolve", connects=False, doors=NEITHER, why="c-ares", helps="`dns.lookup`"),
    npm("undici", "undici", package="undici", why=LIBC),
    npm("undici with interceptors.dns", "undici-dns", package="undici", why=OWN_CACHE + " of 10 s", helps="`maxTTL: 1000`"),
    npm("axios", "axios", package="axios", why=LIBC),
    npm("ioredis", "ioredis", "redis", "ioredis", why=LIBC),
    npm("node-redis", "redis", "redis", "redis", why=LIBC),
    npm("pg", "pg", "postgres", "pg", why=LIBC),
    npm("mysql2", "mysql2", "mysql", "mysql2", why=LIBC),
    npm("mongodb", "mongodb", "mongo", "mongodb", why=LIBC),
    npm("mongodb+srv", "mongodb+srv", "mongo", "mongodb", why="c-ares for SRV and TXT, getaddrinfo() for the hosts in them",
        helps="manage the names that the SRV record has"),
    npm("mqtt.js", "mqtt", "mqtt", "mqtt", why=LIBC, helps="`reconnectPeriod: 100`", waits="1 s before it connects again"),
    npm("grpc-js", "grpc", "grpc", "@grpc/grpc-js", why="getaddrinfo(); at most one new lookup in 30 s",
        helps="`grpc.dns_min_time_between_resolutions_ms`"),
    npm("nats.js", "nats", "nats", "nats", doors=NEITHER, why="c-ares first, getaddrinfo() if that fails",
        helps="`resolve: false`"),
    npm("Bun fetch", "fetch", package="@oven/bun-linux-x64", runtime=BUN, why=OWN_CACHE + " of 30 s",
        helps="`BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS=1`"),
    npm("Bun dns.lookup", "bun-lookup", package="@oven/bun-linux-x64", runtime=BUN, connects=False, doors=NEITHER, why="c-ares",
        helps='`{ backend: "getaddrinfo" }`'),
    npm("Bun RedisClient", "bun-redis", "redis", "@oven/bun-linux-x64", BUN, why=OWN_CACHE + " of 30 s",
        helps="`BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS=1`"),
    npm("Bun SQL", "bun-sql", "postgres", "@oven/bun-linux-x64", BUN, why=OWN_CACHE + " of 30 s",
        helps="`BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS=1`"),
    npm("Deno fetch", "fetch", package="@deno/linux-x64-glibc", runtime=DENO, why=LIBC),
    Client("workerd", (WORKERD, "serve", "{files}/workerd.capnp"), why=LIBC, kind="proxy", ask=PROXIED,
           version="npm:@cloudflare/workerd-linux-64"),
    # Python, Ruby, PHP, Perl
    python("Python urllib", "urllib", why=LIBC),
    python("requests", "requests", "python3-requests", why=LIBC),
    python("httpx", "httpx", "python3-httpx", why=LIBC),
    python("aiohttp", "aiohttp", "python3-aiohttp", why=OWN_CACHE + " of 10 s", helps="`TCPConnector(ttl_dns_cache=1)`"),
    python("redis-py", "redis", "python3-redis", "redis", why=LIBC, waits="up to 2 s at random before it tries again, from 6.0 on",
           helps="`retry=Retry(NoBackoff(), 3)`, from 6.0 on"),
    python("psycopg2", "psycopg2", "python3-psycopg2", "postgres", why=LIBC),
    python("grpcio", "grpc", "python3-grpcio", "grpc", doors=PRELOAD,
           why="c-ares, unless `GRPC_DNS_RESOLVER=native`; at most one new lookup in 30 s",
           helps="`GRPC_DNS_RESOLVER=native` (`shunt run` sets it), `grpc.dns_min_time_between_resolutions_ms`"),
    ruby("Ruby Net::HTTP", "net-http", "ruby", why=LIBC),
    ruby("Ruby redis", "redis", "ruby-redis", "redis", why=LIBC),
    ruby("Ruby pg", "pg", "ruby-pg", "postgres", why=LIBC),
    Client("PHP curl", ("php", "{programs}/ask.php", "curl", "{name}"), doors=NSS,
           since=("2:8.4", BOTH), version="deb:php-curl",
           why="PHP loads extensions with RTLD_DEEPBIND, Debian's from 8.4 on only in Apache's module; a curl handle keeps addresses for 60 s",
           helps="the NSS module; CURLOPT_DNS_CACHE_TIMEOUT 1, CURLOPT_CONNECTTIMEOUT"),
    Client("PHP streams", ("php", "{programs}/ask.php", "stream", "{name}"), why=LIBC, version="deb:php-cli"),
    Client("Perl HTTP::Tiny", ("perl", "{programs}/ask.pl", "{name}"), why=LIBC, version="deb:perl"),
    # Java, Go, Erlang
    java("Java HttpURLConnection", "url", why=JVM, helps=JVM_HELPS),
    java("Java HttpClient", "http-client", why=JVM, helps=JVM_HELPS),
    java("OkHttp", "okhttp", libraries=("/usr/share/java/okhttp.jar",), why=JVM, helps=JVM_HELPS, version="deb:libokhttp-java"),
    java("HikariCP", "hikari", "postgres", ("/usr/share/java/HikariCP.jar",), why=JVM, helps=JVM_HELPS,
         version="deb:libhikaricp-java"),
    Client("Go, cgo", ("{built}/ask-cgo", "{name}"), why="getaddrinfo() with `GODEBUG=netdns=cgo`, or if nsswitch.conf has shunt",
           helps="`shunt run` sets GODEBUG", version="deb:golang-go"),
    Client("Go, static", ("{built}/ask-static", "{name}"), doors=NEITHER, why=DNS, helps="a build with cgo", version="deb:golang-go"),
    Client("Erlang httpc", ("escript", "{programs}/ask.escript", "{name}"), why="getaddrinfo() in a child, inet_gethost",
           version="deb:erlang-base"),
    # servers as clients
    Client("nginx proxy_pass", ("nginx", "-p", "{files}", "-c", "{files}/nginx.conf", "-e", "stderr"), why="getaddrinfo() at load",
           helps="`nginx -s reload` in notify", kind="proxy", ask=PROXIED, version="deb:nginx"),
    Client("HAProxy", ("haproxy", "-db", "-f", "{files}/haproxy.cfg"), why="getaddrinfo() at start",
           waits="1 s, or `timeout connect` if that is less, before it connects to the same server again",
           helps="a second `server` line with the same name, and `option redispatch`", kind="proxy", ask=PROXIED, version="deb:haproxy"),
    Client("HAProxy with two servers", ("haproxy", "-db", "-f", "{files}/haproxy-two.cfg"), why="getaddrinfo() at start",
           helps="a restart in notify, where the library is not", kind="proxy", ask=PROXIED, version="deb:haproxy"),
    Client("caddy", ("caddy", "run", "--config", "{files}/Caddyfile"), why="getaddrinfo() with `GODEBUG=netdns=cgo`, as for Go",
           helps="`shunt run` sets GODEBUG", kind="proxy", ask=PROXIED, version="deb:caddy"),
    # With shared memory of its own, which it leaves behind when it is killed.
    Client("squid", ("unshare", "--mount", "sh", "-c", "mount -t tmpfs shm /dev/shm && exec squid -N -f {files}/squid.conf"),
           files=("/usr/sbin/squid",), doors=NEITHER, why=DNS, helps="`hosts_file`, or none", kind="proxy",
           ask=("curl", "--disable", "--silent", "--max-time", "120", "--proxy", "http://127.0.0.1:{port}/", URL),
           version="deb:squid"),
    Client("mosquitto bridge", ("mosquitto", "-c", "{files}/mosquitto.conf"), "mqtt", why="getaddrinfo_a()",
           waits="1 to 2 s before it connects again",
           helps="`restart_timeout 1 1`, which it has here; the default is 5 s and more, as is `restart_timeout 1` before 2.0.15", kind="proxy",
           ask=("mosquitto_sub", "-h", "127.0.0.1", "-p", "{port}", "-t", "endpoint", "-C", "1", "-W", "2"),
           version="deb:mosquitto"),
    # commands
    Client("curl", ("curl", "--disable", "--silent", URL), why=LIBC, kind="command", version="deb:curl"),
    Client("wget", ("wget", "--no-config", "-q", "-O-", "--tries=1", URL), why=LIBC, kind="command", version="deb:wget"),
    Client("aria2", ("sh", "-c", "rm -f got; aria2c --no-conf --quiet --out=got " + URL + "; cat got"), doors=NEITHER, why="c-ares",
           helps="`--async-dns=false`", kind="command", version="deb:aria2", files=("/usr/bin/aria2c",)),
    Client("sudo curl", ("sudo", "-n", "curl", "--disable", "--silent", URL), doors=NSS, why="sudo clears the environment",
           helps="the NSS module", kind="command", version="deb:sudo"),
    Client("psql", ("psql", "-X", "-A", "-t", "-w", "-h", "{name}", "-U", "shunt", "-c", "select current_setting('cluster_name')",
                    "postgres"), "postgres", why=LIBC, kind="command", version=("psql", "--version")),
    Client("redis-cli", ("redis-cli", "-h", "{name}", "get", "endpoint"), "redis", why=LIBC, kind="command", version="deb:redis-tools"),
    Client("chromium", ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir={files}/chromium", "--dump-dom", URL),
           doors=NSS, why="speaks DNS itself, unless nsswitch.conf has a source that it does not know", kind="command",
           version="deb:chromium", helps="the policy `BuiltInDnsClientEnabled: false`"),
)  # fmt: skip

GOALS = (
    Goal(("Node fetch", "undici", "axios", "ioredis", "pg", "mysql2", "requests", "redis-py", "psycopg2", "Deno fetch", "Go, cgo",
          "Erlang httpc"), 0.3, 0.5, True),
    Goal(("Bun fetch", "Bun SQL", "Bun RedisClient"), 1, 1),
    Goal(("Java HttpURLConnection", "Java HttpClient", "OkHttp", "HikariCP"), 1, 1),
    Goal(("grpc-js",), 2, 2),
    Goal(("aiohttp", "undici with interceptors.dns"), 1, 1),
    Goal(("mqtt.js",), 1.1, 2),
    Goal(("mongodb",), 0.4, 2),
    Goal(("Ruby Net::HTTP", "Ruby redis", "Ruby pg"), 0.9, 2),
    Goal(("workerd", "caddy"), 0.6, 2),
    Goal(("nginx proxy_pass", "HAProxy", "HAProxy with two servers"), 1, 1),
)  # fmt: skip

# Those of `make check`: what its packages have, and quick. Nothing of npm.
SHORT = ("Node fetch", "Node dns.lookup", "Node dns.resolve", "Python urllib", "Ruby Net::HTTP", "PHP curl", "PHP streams",
         "Perl HTTP::Tiny", "Java HttpURLConnection", "nginx proxy_pass", "HAProxy", "curl", "wget", "psql", "redis-cli")  # fmt: skip

# Those of them that are asked through a failover there; the others keep the address for long.
SHORT_KILLED = ("Node fetch", "Python urllib", "Ruby Net::HTTP", "PHP streams", "Perl HTTP::Tiny")
