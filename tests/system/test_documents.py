#!/usr/bin/env python3
"""README.md, CONTRIBUTING.md and docs/: what they name exists, README's configuration loads, and the tables of docs/benchmarks.md have the
rows that the benchmarks print. (test_incident replays docs/incident.md, test_openapi holds docs/openapi.yaml, test_manual the manual.)"""
import glob
import os
import re

import shunttest as st


def read(*path):
    with open(os.path.join(st.ROOT, *path), encoding="utf-8") as file:
        return file.read()


def pages():
    found = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + [os.path.relpath(path, st.ROOT) for path in glob.glob(os.path.join(st.ROOT, "docs", "*.md"))]
    return {path: read(path) for path in found}


def code(text):
    """The indented lines of a page."""
    return [line[4:] for line in text.splitlines() if line.startswith("    ")]


class Names(st.Case):
    def test_links(self):
        """each link leads to a file of the tree"""
        for page, text in pages().items():
            for place in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
                target = os.path.normpath(os.path.join(st.ROOT, os.path.dirname(page), place))
                self.assertTrue(os.path.exists(target), f"{page} links to {place}")

    def test_targets(self):
        """each `make TARGET` is one of the Makefile's"""
        makefile = read("Makefile")
        targets = set(" ".join(re.findall(r"(?m)^([a-z][a-z -]*):(?!=)", makefile)).split())
        for page, text in pages().items():
            named = re.findall(r"`make ((?:[a-z][a-z-]*)(?:, ?(?=[a-z]))?)[^`=/]*`", text) + re.findall(r"(?m)^    make ([a-z-]+)", text)
            for target in named:
                self.assertIn(target, targets, f"{page} names 'make {target}'")

    def test_paths(self):
        """each path below a folder of the tree exists"""
        for page, text in pages().items():
            for place in re.findall(r"`((?:bench|bpf|cli|conf|daemon|debian|docs|findings|helper|include|man|packaging|shim|tests)/[A-Za-z0-9_./-]*)`", text):
                self.assertTrue(os.path.exists(os.path.join(st.ROOT, place)), f"{page} names {place}")


class Version(st.Case):
    """Where else include/shunt/version.h's version stands."""

    PLACES = (
        (("CHANGELOG.md",), r"(?m)^## \[(\d[^]]*)\] - \d{4}-\d\d-\d\d$"),
        (("debian", "changelog"), r"^shunt \((.*)\)"),
        (("packaging", "shunt.spec"), r"(?m)^Version: +(.*)$"),
        (("packaging", "shunt.spec"), r"(?m)^\* .* - (.*)-1$"),
        (("docs", "openapi.yaml"), r"(?m)^  version: (.*)$"),
        (("man", "shunt.1"), r"(?m)^\.Os shunt (.*)$"),
        (("man", "shuntd.8"), r"(?m)^\.Os shunt (.*)$"),
    )

    def test_version(self):
        """one version everywhere; the changes of the packages begin with it"""
        version = re.search(r'SHUNT_VERSION "(.*)"', read("include", "shunt", "version.h")).group(1)
        self.assertRegex(version, r"^\d+\.\d+\.\d+$")
        for path, pattern in self.PLACES:
            with self.subTest("/".join(path)):
                self.assertEqual(re.search(pattern, read(*path)).group(1), version)


class Folders(st.Case):
    def test_readmes(self):
        """each folder of the daemon has a README that names each of its files"""
        for folder in sorted(glob.glob(os.path.join(st.ROOT, "daemon", "*", ""))):
            files = {os.path.splitext(os.path.basename(path))[0] for path in glob.glob(folder + "*.[ch]")}
            if not files:
                continue
            with open(folder + "README.md", encoding="utf-8") as file:
                text = file.read()
            named = set(re.findall(r"`([a-z_]+)`", text))
            self.assertEqual(files - named, set(), f"{folder}README.md does not name these")


class Readme(st.Case):
    def test_length(self):
        """README has at most 150 lines"""
        self.assertLessEqual(len(read("README.md").splitlines()), 150)

    def test_configuration(self):
        """the configuration of README loads"""
        text = re.search(r"(?s)cat >my.conf <<'END'\n(.*?)\n    END", read("README.md")).group(1)
        path = self.write("my.conf", "\n".join(line[4:] for line in text.splitlines()) + "\n")
        done = st.run([st.SHUNTD, "-t", "-c", path])
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_connection(self):
        """the configuration of docs/connection.md loads, and has what the demo's has"""
        text = "\n".join(code(read("docs", "connection.md"))) + "\n"
        done = st.run([st.SHUNTD, "-t", "-c", self.write("connection.conf", text)])
        self.assertEqual(done.returncode, 0, done.stderr)
        demo = read("conf", "examples", "demo.conf")
        for option in ("watch", "connect", "interval", "fast_interval", "timeout", "fall", "rise"):
            pattern = rf"(?m)[^_]\b{option}\s*= ([^;]*);"
            self.assertEqual(re.search(pattern, text)[1], re.search(pattern, demo)[1], option)

    def test_fleet(self):
        """the configuration of docs/fleet.md loads"""
        text = re.search(r"(?s)\n    (fleet = \{\n.*?\n    \);\n)", read("docs", "fleet.md"))[1].replace("\n    ", "\n")
        text = text.replace("/etc/shunt/etcd-ca.pem", st.CA(self).file).replace("/etc/shunt/etcd.password", self.write("password", "secret\n"))
        os.chmod(self.path("password"), 0o600)
        done = st.run([st.SHUNTD, "-t", "-c", self.write("fleet.conf", text)])
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_rehearsal(self):
        """the rehearsal of README prints what it says"""
        line = next(line for line in code(read("README.md")) if "--force" in line)
        command = line.replace("build/shunt", st.SHUNT).replace("conf/", os.path.join(st.ROOT, "conf/"))
        done = st.run(["sh", "-c", command], env=st.clean_env())
        self.assertEqual((done.stdout, done.returncode), ("127.0.0.3\n", 0), done.stderr)


class Benchmarks(st.Case):
    # Figures and what comes of the machine: a cell.
    CELL = re.compile(r"[-+]?[\d.]+k?|[\d.]+ [%s]|-")

    def rows(self):
        """(line, its label) of each row of a table that begins with words and has three figures or more."""
        for line in code(read("docs", "benchmarks.md")):
            cells = re.split(r"\s{2,}", line.strip())
            label = cells[0]
            if len([cell for cell in cells[1:] if self.CELL.match(cell)]) >= 3 and re.match("[a-zA-Z/]", label):
                yield line, label

    def test_rows(self):
        """each row's label is one that a benchmark prints"""
        sources = ""
        for path in glob.glob(os.path.join(st.ROOT, "bench", "*")):
            if os.path.isfile(path):
                sources += read(path)
        seen = 0
        for line, label in self.rows():
            words = [word for word in re.split(r"[, ]+|\d+", label) if word]
            seen += 1
            for word in words:
                self.assertIn(word, sources, f"docs/benchmarks.md: {line}")
        self.assertGreater(seen, 30)

    def test_heads(self):
        """the first words of each table are in the program that prints it"""
        for program, words in (("run", "Nanoseconds for one lookup in its thread"), ("failover", "Seconds from the break to the first right answer"),
                               ("connection", "What a client with a request every 5 ms notices"), ("scale", "On time is at most"), ("probe", "CPU of a probe, user and system"),
                               ("status", "Milliseconds from exec to exit"), ("sockets", "Late: from when a probe was due"), ("reload", "one of them changed, alone and in a reload"),
                               ("scale", "How the cost grows")):
            self.assertIn(words, read("docs", "benchmarks.md"))
            self.assertIn(words, read("bench", program))


if __name__ == "__main__":
    st.main(jobs=2)
