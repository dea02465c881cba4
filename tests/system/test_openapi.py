#!/usr/bin/env python3
"""docs/openapi.yaml and the server tell the same: every path, method, parameter and field, and every status code is provoked."""
import json
import os
import re
import socket
import unittest

import shunttest as st

try:
    import jsonschema
    import yaml
except ImportError as error:
    raise SystemExit(f"{error}: run 'make deps'")

NAME = "www.example.com"
SHARED = "db.example.com"  # its fleet has no etcd
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SOURCE = os.path.join(st.ROOT, "daemon")


def source(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


class Document:
    """The description, its references put in place."""

    def __init__(self):
        with open(os.path.join(st.ROOT, "docs", "openapi.yaml"), encoding="utf-8") as file:
            self.whole = yaml.safe_load(file)
        self.used = set()
        self.paths = self._resolve(self.whole["paths"])

    def _resolve(self, node):
        if isinstance(node, list):
            return [self._resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            self.used.add(node["$ref"])
            found = self.whole
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            return self._resolve(found)
        return {key: self._resolve(value) for key, value in node.items()}

    def operations(self):
        """(path, method, operation) of each."""
        for path, item in self.paths.items():
            for method, operation in item.items():
                if method != "parameters":
                    yield path, method.upper(), operation

    def methods(self, path):
        """What the server's Allow says of that path."""
        methods = [method.upper() for method in self.paths[path] if method != "parameters"]
        return ", ".join("GET, HEAD" if method == "GET" else method for method in methods)

    def parameters(self, path, operation):
        return self.paths[path].get("parameters", []) + operation.get("parameters", [])

    def answers(self):
        """(method, path, status) of each that is documented."""
        return {(method, path, int(status)) for path, method, operation in self.operations() for status in operation["responses"]}

    def answer(self, method, path, status):
        return self.paths[path][method.lower()]["responses"][str(status)]

    def order(self):
        return self.paths["/v1/records/{name}/force"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def strict(schema):
    """The schema, without room for fields that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        schema["additionalProperties"] = False
    return schema


def fits(value, schema):
    """AssertionError where it does not."""
    for trouble in jsonschema.Draft202012Validator(strict(schema)).iter_errors(value):
        while trouble.context:
            trouble = max(trouble.context, key=lambda found: len(found.absolute_path))
        raise AssertionError(f"at {list(trouble.absolute_path)}: {trouble.message[:300]}")


def examples(node):
    """(schema, example) of each media type, parameter and schema below that node."""
    if isinstance(node, list):
        for item in node:
            yield from examples(item)
    elif isinstance(node, dict):
        if "schema" in node:
            yield from ((node["schema"], example["value"]) for example in node.get("examples", {}).values())
            if "example" in node:
                yield node["schema"], node["example"]
        elif "type" in node and "example" in node:
            yield node, node["example"]
        for value in node.values():
            yield from examples(value)


class Itself(unittest.TestCase):
    def setUp(self):
        self.document = Document()

    def test_document(self):
        """the document is of OpenAPI 3.1: references, schemas, examples, names, parameters, descriptions are good"""
        whole = self.document.whole
        self.assertRegex(whole["openapi"], r"^3\.1\.\d+$")
        with open(os.path.join(st.ROOT, "include", "shunt", "version.h"), encoding="utf-8") as file:
            self.assertIn(f'"{whole["info"]["version"]}"', file.read())
        self.assertLessEqual({"openapi", "info", "servers", "tags", "paths", "components"}, set(whole))
        # What is there for others to refer to is referred to, from the paths or from what these refer to.
        known = {f"#/components/{kind}/{name}" for kind, group in whole["components"].items() for name in group}
        self.assertEqual(self.document.used, known)
        names = [operation["operationId"] for _, _, operation in self.document.operations()]
        self.assertEqual(len(set(names)), len(names))
        tags = {tag["name"] for tag in whole["tags"]}
        for path, method, operation in self.document.operations():
            with self.subTest(f"{method} {path}"):
                self.assertTrue(operation["summary"])
                self.assertLessEqual(set(operation["tags"]), tags)
                self.assertLessEqual(set(operation), {"operationId", "tags", "summary", "description", "parameters", "requestBody", "responses"})
                places = {p["name"]: p["in"] for p in self.document.parameters(path, operation)}
                self.assertEqual({name for name, place in places.items() if place == "path"}, set(re.findall(r"{(\w+)}", path)))
                for answer in operation["responses"].values():
                    self.assertTrue(answer["description"])
                    for media in answer["content"].values():
                        jsonschema.Draft202012Validator.check_schema(media["schema"])
        count = 0
        for schema, example in examples(self.document.paths):
            fits(example, schema)
            count += 1
        self.assertGreater(count, 5)

    def test_routes(self):
        """the paths and methods are those of the server's table, and the events' types are the daemon's"""
        rows = re.findall(r'{ "(/[^"]*)", MHD_HTTP_METHOD_(\w+), (true|false),', source("control/routes.c"))
        self.assertEqual(
            {(path.replace("*", "{name}"), method, "change" if writes == "true" else "read") for path, method, writes in rows},
            {(path, method, operation["tags"][0]) for path, method, operation in self.document.operations()},
        )
        lines = self.document.answer("GET", "/v1/events", 200)["content"]["application/x-ndjson"]["schema"]["oneOf"]
        words = re.findall(r'^\t\[EVENT_\w+\] = { "(\w+)"', source("event/type.c"), re.M)
        self.assertEqual(set(lines[1]["properties"]["type"]["enum"]), set(words))


class Server(st.Case):
    def setUp(self):
        super().setUp()
        self.document = Document()
        self.seen, self.kinds = set(), set()
        self.up, self.dead = self.address(), self.address()
        port = st.free_port(self.up, self.dead)
        self.start(st.Nginx(self, "up", self.up, port))
        self.http = self.address()
        self.http_port = st.free_port(self.http)
        self.good = f"""
            http = "{self.http}:{self.http_port}"; http_hosts = [ "monitor.example.com" ]; resolvers = [ "{self.dead}:{port}" ];
            checks: {{ web: {{ type = "http"; port = {port}; interval = "1s"; fall = 1; }}; }};
            fleet: {{ etcd = [ "http://{self.dead}:{port}" ]; prefix = "/shunt/test"; site = "here"; host = "one"; }};
            records: (
              {{ name = "{NAME}"; aliases = [ "www" ]; primary: {{ address = "{self.up}"; check = "web"; }};
                 secondary: ( {{ address = "192.0.2.1"; }}, {{ id = "dead"; address = "{self.dead}"; check = "web"; }},
                              {{ id = "named"; address = "nowhere.example.net"; check = "web"; }} ); }},
              {{ name = "{SHARED}"; scope = "quorum"; all_down = "fail"; primary: {{ address = "{self.dead}"; check = "web"; }}; }} );"""
        self.daemon = self.start(st.Daemon(self, self.good))
        st.wait_until(lambda: self.daemon.health(NAME, "primary") == "up" and self.daemon.health(NAME, "dead") == "down")

    def note_answer(self, method, path, status, headers, body):
        """Asserts that it is documented, and that the body is what is documented."""
        self.assertIn((method, path, status), self.document.answers(), body)
        self.seen.add((method, path, status))
        content = self.document.answer(method, path, status)["content"]
        kind = headers["Content-Type"].partition(";")[0]
        self.assertIn(kind, content)
        self.kinds.add((method, path, status, kind))
        self.assertEqual(headers["Cache-Control"], "no-store")
        value = json.loads(body) if kind == "application/json" else body.decode()
        if kind != "application/x-ndjson":
            fits(value, content[kind]["schema"])
        return value

    def ask(self, status, method, path, body=None, name=NAME):
        seen, answer, headers = self.daemon.request(path.replace("{name}", name), method, body=body)
        self.assertEqual(seen, status, answer)
        return self.note_answer(method, path, status, headers, answer)

    def get_tcp(self, path, *hosts):
        """(status, headers, body) of a GET over TCP with these Host headers; of HTTP 1.0, whose answers come in one piece."""
        head = "".join(f"Host: {host}\r\n" for host in hosts)
        with socket.create_connection((self.http, self.http_port), st.PATIENCE) as client:
            client.sendall(f"GET {path.replace('{name}', NAME)} HTTP/1.0\r\n{head}\r\n".encode())
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:]), body

    def ask_tcp(self, status, path, *hosts):
        seen, headers, body = self.get_tcp(path, *hosts)
        self.assertEqual(seen, status, body)
        self.note_answer("GET", path, status, headers, body)

    def ask_as_nobody(self, path):
        st.need("curl", "setpriv")
        url = f"http://localhost{path.replace('{name}', NAME)}"
        done = st.run([*st.NOBODY, "curl", "-sS", "-i", "-X", "POST", "--unix-socket", self.daemon.control, url])
        head, _, body = done.stdout.partition("\n\n")
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        self.note_answer("POST", path, int(head.split()[1]), headers, body.encode())

    def ask_events(self, query=""):
        """The snapshot, and the stream."""
        stream = self.start(st.Stream(self.daemon.control, query))
        first = stream.next()
        lines = self.document.answer("GET", "/v1/events", 200)["content"]["application/x-ndjson"]["schema"]["oneOf"]
        fits(first, lines[0])
        self.seen.add(("GET", "/v1/events", 200))
        return first, stream, lines[1]

    def test_methods(self):
        """what the document does not name is 405 with the methods that it does, or 404"""
        for path in self.document.paths:
            for method in METHODS:
                allow = self.document.methods(path)
                if method in allow.split(", "):
                    continue
                with self.subTest(f"{method} {path}"):
                    status, body, headers = self.daemon.request(path.replace("{name}", NAME), method)
                    self.assertEqual((status, headers["Allow"]), (405, allow), body)
                    if method != "HEAD":
                        fits(json.loads(body), self.document.answer("GET", "/v1/records/{name}", 404)["content"]["application/json"]["schema"])
        for path in ("/v1", "/v1/", "/v1/records", "/v1/records/", f"/v1/records/{NAME}/", f"/v1/records/{NAME}/probe", "/index.html",
                     "/v2/status", "//v1/status", "/metrics/", "/v1/reload/"):  # fmt: skip
            for method in ("GET", "POST"):
                with self.subTest(f"{method} {path}"):
                    self.assertEqual(self.daemon.request(path, method)[0], 404)

    def test_answers(self):
        """each documented answer is given, and is as documented, without a field more"""
        self.ask(200, "GET", "/")
        self.assertTrue(self.ask(200, "GET", "/v1/status")["records"])
        self.ask_status()
        self.ask(200, "GET", "/metrics")
        for name in (NAME, "www", "WWW.EXAMPLE.com."):
            self.assertEqual(self.ask(200, "GET", "/v1/records/{name}", name=name)["name"], NAME)
        self.ask(404, "GET", "/v1/records/{name}", name="ww.example.com")
        self.ask_changes()
        self.ask_fleet()
        self.ask_stream()
        self.ask_hosts()
        self.daemon.write_config(self.good.replace("interval", "intervall"))
        self.ask(422, "POST", "/v1/reload")
        self.daemon.write_config(self.good.replace(SHARED, "other.example.com"))
        self.assertEqual(self.ask(200, "POST", "/v1/reload")["added"]["names"], ["other.example.com"])
        missing = self.document.answers() - self.seen
        if os.geteuid() != 0:
            # Without root there is nobody to be denied.
            missing = {one for one in missing if one[0] == "GET" or one[2] != 403}
        self.assertEqual(missing, set())
        kinds = {one[3] for one in self.kinds if one[:3] == ("GET", "/v1/status", 200)}
        self.assertEqual(kinds, set(self.document.answer("GET", "/v1/status", 200)["content"]))

    def ask_status(self):
        """The whole and one record, as JSON and as lines, which tell the same."""
        query = {p["name"]: p["schema"] for p in self.document.parameters("/v1/status", self.document.paths["/v1/status"]["get"])}
        self.assertEqual(set(query), {"record", "records", "format"})
        path = "/v1/status"
        for more, names in (("", [NAME, SHARED]), ("record=www", [NAME]), ("record=DB.example.com.", [SHARED])):
            whole = self.ask_query(200, path, f"format=json&{more}")
            self.assertEqual([record["name"] for record in whole["records"]], names)
            lines = [line.split("\t") for line in self.ask_query(200, path, f"format=tsv&{more}").splitlines()]
            self.assertEqual([line[1] for line in lines if line[0] == "record"], names)
            for kind, things in (
                ("endpoint", [endpoint["id"] for record in whole["records"] for endpoint in record["endpoints"]]),
                ("address", [a["address"] for r in whole["records"] for e in r["endpoints"] for a in e["addresses"]]),
            ):
                self.assertEqual([line[1] for line in lines if line[0] == kind], things)
        for word in ("xml", "", "TSV"):
            with self.assertRaises(AssertionError):
                fits(word, query["format"])
            self.ask_query(400, path, f"format={word}")
        for word in ("some", ""):
            with self.assertRaises(AssertionError):
                fits(word, query["records"])
            self.ask_query(400, path, f"records={word}")
        whole, head = self.ask_query(200, path, "records=all"), self.ask_query(200, path, "records=none")
        self.assertEqual(head, {**whole, "records": []})
        self.assertEqual([line.split("\t")[0] for line in self.ask_query(200, path, "format=tsv&records=none").splitlines()], ["status", "end"])
        self.ask_query(404, path, "record=ww.example.com")

    def ask_query(self, status, path, query):
        seen, answer, headers = self.daemon.request(f"{path}?{query}")
        self.assertEqual(seen, status, answer)
        return self.note_answer("GET", path, status, headers, answer)

    def ask_changes(self):
        changes = [path for path, method, _ in self.document.operations() if method == "POST"]
        if os.geteuid() == 0:
            for path in (self.tmp, self.daemon.dir):
                os.chmod(path, 0o755)
        for path in changes:
            self.ask(400, "POST", path, "[]")
            self.ask(400, "POST", path, '{"endpont": "secondary"}')
            self.ask(413, "POST", path, " " * 4097)
            if "{name}" in path:
                self.ask(404, "POST", path, name="ww.example.com")
            if os.geteuid() == 0:
                self.ask_as_nobody(path)
        for path, status in (("auto", 200), ("check", 202)):
            for body in (None, "{}", "{}".rjust(4096)):
                self.ask(status, "POST", f"/v1/records/{{name}}/{path}", body)
        reset = "/v1/records/{name}/reset"
        self.ask(404, "POST", reset, '{"endpoint": "secondry"}')
        self.ask(409, "POST", reset, '{"endpoint": "primary"}')
        self.ask(202, "POST", reset, '{"endpoint": "secondary", "dry_run": true}')
        self.assertEqual(self.ask(200, "GET", "/v1/resets")["resets"][0]["endpoint"], "secondary")
        force = "/v1/records/{name}/force"
        self.ask(404, "POST", force, '{"endpoint": "secondry"}')
        self.ask(409, "POST", force, '{"endpoint": "dead"}')
        # The schema of the body says what the server says.
        order = self.document.order()
        base = {"endpoint": "secondary"}
        good = [{}, {"for": "60000ms"}, {"for": "90s"}, {"for": "2h"}, {"for": "576h"}, {"reason": ""}, {"reason": "x" * 2000},
                {"anyway": False}, {"endpoint": "dead", "anyway": True, "for": "30m", "reason": "test"}]  # fmt: skip
        for change in good:
            with self.subTest(change):
                fits({**base, **change}, order)
                record = self.ask(200, "POST", force, json.dumps({**base, **change}))
                self.assertEqual(record["override"]["endpoint"], {**base, **change}["endpoint"])
        bad = [{"for": 30}, {"for": "30"}, {"for": "m"}, {"reason": 5}, {"anyway": "yes"}, {"endpoint": None}, {"endpoint": 1}, {"by": "me"}]
        for change in bad:
            with self.subTest(change):
                with self.assertRaises(AssertionError):
                    fits({**base, **change}, order)
                self.ask(400, "POST", force, json.dumps({**base, **change}))
        with self.assertRaises(AssertionError):
            fits({}, order)
        # What a pattern cannot say.
        for duration in ("577h", "0s"):
            self.ask(400, "POST", force, json.dumps({**base, "for": duration}))

    def ask_fleet(self):
        """A fleet without etcd is told, and takes no orders."""
        path, force, auto = "/v1/fleet", "/v1/records/{name}/force", "/v1/records/{name}/auto"
        whole = self.ask(200, "GET", path)
        self.assertEqual((whole["host"], whole["site"], whole["prefix"]), ("one", "here", "/shunt/test"))
        self.assertEqual([(record["name"], record["scope"], record["share"]) for record in whole["records"]], [(SHARED, "quorum", 50)])
        self.assertEqual(self.ask_query(200, path, f"record={NAME}")["records"], [])
        self.assertEqual(self.ask_query(200, path, f"record={SHARED}")["records"], whole["records"])
        self.ask_query(404, path, "record=ww.example.com")
        status = self.ask(200, "GET", "/v1/records/{name}", name=SHARED)["fleet"]
        self.assertEqual({**whole["records"][0], **status}, {**whole["records"][0], "mode": "alone", "disagree": 0})
        self.assertIsNone(self.ask(200, "GET", "/v1/records/{name}")["fleet"])
        self.ask(503, "POST", force, '{"endpoint": "primary", "fleet": true}', name=SHARED)
        self.ask(503, "POST", auto, '{"fleet": true}', name=SHARED)
        self.ask(404, "POST", force, '{"endpoint": "secondry", "fleet": true}', name=SHARED)
        self.ask(409, "POST", force, '{"endpoint": "secondary", "fleet": true}')
        self.ask(409, "POST", auto, '{"fleet": true}')
        order = self.document.order()
        for hosts in ("10%", "100%", "db-1", "db-1,DB.2_3"):
            fits({"endpoint": "primary", "fleet": True, "hosts": hosts}, order)
        for change in ({"hosts": "0%"}, {"hosts": "101%"}, {"hosts": ""}, {"hosts": "a,"}, {"hosts": "a b"}, {"hosts": 10}, {"fleet": 1}):
            with self.subTest(change):
                body = {"endpoint": "primary", "fleet": True, **change}
                with self.assertRaises(AssertionError):
                    fits(body, order)
                self.ask(400, "POST", force, json.dumps(body), name=SHARED)
        self.ask(400, "POST", force, '{"endpoint": "primary", "hosts": "10%"}', name=SHARED)
        self.ask(400, "POST", force, '{"endpoint": "primary", "fleet": true, "for": "1s"}', name=SHARED)

    def ask_stream(self):
        query = {p["name"]: p["schema"] for p in self.document.paths["/v1/events"]["get"]["parameters"]}
        self.assertEqual(set(query), {"since", "boot", "record"})
        first, stream, event = self.ask_events()
        self.ask(200, "POST", "/v1/records/{name}/auto")
        self.ask(200, "POST", "/v1/records/{name}/force", '{"endpoint": "secondary", "reason": "test"}')
        seen = stream.until_type("answer", record=NAME)
        for one in seen:
            fits(one, event)
        self.assertTrue(seen)
        _, stream, _ = self.ask_events(f"?since={first['seq']}&boot={first['boot']}&record=www")
        self.assertEqual(stream.until_type("answer", record=NAME)[-1], seen[-1])
        for since in ("0", "9" * 18):
            fits(since, query["since"])
            self.ask_events(f"?since={since}")
        for since in ("", "x", "-1", "1.5", "9" * 19):
            with self.assertRaises(AssertionError):
                fits(since, query["since"])
            self.refuse_events(400, f"?since={since}")
        self.refuse_events(404, "?record=ww.example.com")
        # Of 64 connections over TCP half may be streams.
        streams = []
        for _ in range(32):
            streams.append(self.connect_events())
        status, body, headers = self.connect_events()
        self.assertEqual(status, 503, body)
        self.note_answer("GET", "/v1/events", status, headers, body)

    def refuse_events(self, status, query):
        seen, body, headers = self.daemon.request("/v1/events" + query)
        self.assertEqual(seen, status, body)
        self.note_answer("GET", "/v1/events", status, headers, body)

    def connect_events(self):
        """(status, body, headers) over TCP; what is a stream stays open until the test ends."""
        connection = st.http.client.HTTPConnection(self.http, self.http_port, timeout=st.PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events")
        response = connection.getresponse()
        self.addCleanup(response.close)
        return response.status, b"" if response.status == 200 else response.read(), response.headers

    def ask_hosts(self):
        for path, method, operation in self.document.operations():
            if method == "GET":
                self.ask_tcp(400, path)
                self.ask_tcp(403, path, "evil.example.com")
        # libmicrohttpd 1.0.10 refuses it by itself, with a page of its own: no HTTP request, so not one of this document.
        self.assertEqual(self.get_tcp("/v1/status", "localhost", "localhost")[0], 400)
        self.ask_tcp(200, "/v1/status", "monitor.example.com")


if __name__ == "__main__":
    st.main()
