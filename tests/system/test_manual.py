#!/usr/bin/env python3
"""The manual pages tell what the programs do: options, variables, exit statuses, places; and their examples work.

An example has a comment before it that says what it is; every display below EXAMPLES has one:

    .\\" example: shell            a command of a shell; with the number of another status than 0, if it is to end so
    .\\" example: endless          the same, which goes on: it says something, and is ended
    .\\" example: config           a whole configuration
    .\\" example: root             changes the host: tests/packages or a reader runs it, not this
"""
import os
import re
import stat

import shunttest as st

MAN = os.path.join(st.ROOT, "man")
PAGES = sorted(os.listdir(MAN))
NOWHERE = st.clean_env(SHUNT_CONTROL="/nonexistent/control.sock", SHUNT_SOCKET="/nonexistent/shunt.sock")


def read(*path):
    with open(os.path.join(st.ROOT, *path), encoding="utf-8") as file:
        return file.read()


def page(name):
    return read("man", name)


def sources(part, ends=(".c",)):
    """The text of a part's files, wherever in it they stand."""
    found = sorted(os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(st.ROOT, part)) for name in names if name.endswith(ends))
    return "".join(read(path) for path in found)


def declared(part, pattern):
    """What the first group of the pattern is, which one line of the part's files matches."""
    (value,) = re.findall(pattern, sources(part, (".c", ".h")))
    return value


def section(text, title):
    """A section of a page, without its title."""
    return re.search(rf"(?ms)^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)", text).group(1)


def flags(text):
    """{option: its argument or None} of what stands as .Fl in lines of a synopsis; "--name" or "-c"."""
    found = {}
    for line in text.splitlines():
        for name, argument in re.findall(r"(?:Fl|\|) (-?[A-Za-z][a-z-]*)(?: Ar ([A-Z]+(?: Ns = Ns Ar [A-Z]+)?))?(?= |$)", line):
            found[f"-{name}"] = argument.replace(" Ns = Ns Ar ", "=") or None
    return found


def offered(text):
    """{"--name": (letter or None, argument or None)} of the lines of a help that explain options."""
    rows = re.findall(r"(?m)^  (?:-(\w), )?(--[a-z-]+)(?: ([A-Z]+(?:=[A-Z]+)?))?(?= |$)", text)
    return {name: (letter or None, argument or None) for letter, name, argument in rows}


class Command(st.Case):
    def commands(self):
        names = re.findall(r"(?m)^  ([a-z]+) +\S", st.run([st.SHUNT, "help"]).stdout)
        self.assertGreater(len(names), 7)
        return names

    def ask(self, *arguments):
        return st.run([st.SHUNT, *arguments], env=NOWHERE).stderr

    def taken(self, command):
        """The options that a command takes, by asking it: {name or letter: whether it wants a value}."""
        names = {f"--{name}" for name in re.findall(r'(?:\'.\'|0), "([a-z-]+)", &?\w', sources("cli"))}
        letters = {f"-{letter}" for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
        says = {option: self.ask(command, option) for option in names | letters}
        return {option: "needs a value" in said for option, said in says.items() if "there is no option" not in said}

    def test_help(self):
        """every option that a command takes is in its help, by name, letter and argument, and no other"""
        for command in self.commands():
            with self.subTest(command):
                text = st.run([st.SHUNT, command, "--help"]).stdout
                usage = re.search(r"(?s)^Usage: (.*?)\n\n", text).group(1)
                told = offered(text)
                both = {name: argument is not None for name, (_, argument) in told.items()}
                both.update({f"-{letter}": argument is not None for letter, argument in told.values() if letter})
                taken = self.taken(command)
                self.assertEqual({key: value for key, value in taken.items() if key not in ("-h", "--help")}, both)
                for name, (letter, _) in told.items():
                    self.assertRegex(usage, rf"(?<![\w-])({name}|-{letter})(?![\w-])")

    def test_manual(self):
        """every command and option is in shunt(1): in the synopsis, above what it does, and explained; and no other"""
        text = page("shunt.1")
        synopsis = dict(re.findall(r"(?ms)^\.Cm (\w+)\n(.*?)(?=^\.Nm|\Z)", section(text, "SYNOPSIS")))
        described = section(text, "DESCRIPTION")
        entries = {name: xo or plain for xo_name, xo, plain_name, plain in
                   re.findall(r"(?ms)^\.It Xo Cm (\w+)(.*?)^\.Xc|^\.It Cm (\w+)([^\n]*)$", described)
                   for name in [xo_name or plain_name]}  # fmt: skip
        self.assertEqual(set(synopsis), set(self.commands()))
        self.assertEqual(set(entries), set(self.commands()))
        body = re.sub(r"(?ms)^\.It Xo Cm .*?^\.Xc|^\.It Cm [^\n]*$|^\.Op [^\n]*$", "", text)
        for command in self.commands():
            with self.subTest(command):
                told = offered(st.run([st.SHUNT, command, "--help"]).stdout)
                want = {f"-{letter}" if letter else name: argument for name, (letter, argument) in told.items()}
                self.assertEqual(flags(synopsis[command]), want)
                self.assertEqual(flags(entries[command]), want)
                for name in told:
                    self.assertRegex(body, rf"Fl {name[1:]}(?![\w-])")

    def test_exit(self):
        """the exit statuses of shunt(1) are those of the code"""
        codes = set(re.findall(r"(?m)^\tCLI_\w+ = (\d+),", sources("cli", (".h",))))
        self.assertGreater(len(codes), 7)
        self.assertEqual(set(re.findall(r"(?m)^\.It (\d+)$", section(page("shunt.1"), "EXIT STATUS"))), codes)

    def test_bounds(self):
        """the bounds of shunt(1) are those of the code"""
        for part, pattern, words in (
            ("daemon", r"#define REQUEST_BODY_MAX (\d+)u", "A body has at most {} bytes"),
            ("daemon", r"#define RELOAD_NAMES_MAX (\d+)", "{} of each\nat most"),
            ("cli", r"#define DEADLINE_MS (\d+)000 ", "no answer within {} seconds"),
            ("daemon", r"#define EVENTS_BEAT_MS (\d+)000u", "an empty line after {} seconds without one"),
            ("daemon", r"#define EVENTS_BEHIND \((\d+)u << 10\)", "leaves {} KiB of events unread"),
        ):
            with self.subTest(words):
                self.assertIn(words.format(declared(part, pattern)), page("shunt.1"))


class Daemon(st.Case):
    def test_options(self):
        """the options of shuntd are in its help and in shuntd(8), by name, letter and argument; those between the programs are not"""
        rows = re.findall(r'{ "([a-z-]+)", (no|required)_argument, NULL, (?:\'(\w)\'|\w+) }', sources("daemon"))
        public = {f"--{name}": (letter, kind == "required") for name, kind, letter in rows if letter}
        self.assertEqual({name for name, _, letter in rows if not letter}, {"private", "owner-fd", "ready-fd"})
        told = offered(st.run([st.SHUNTD, "--help"]).stdout)
        self.assertEqual({name: (letter, argument is not None) for name, (letter, argument) in told.items()}, public)
        items = re.findall(r"(?m)^\.It Fl (\w) , Fl (-[a-z-]+)(?: Ar ([A-Z]+))?$", section(page("shuntd.8"), "DESCRIPTION"))
        self.assertEqual({f"-{name}": (letter, argument or None) for letter, name, argument in items}, told)
        synopsis = "".join(re.findall(r"Fl (\w(?:\w| \| )*)", section(page("shuntd.8"), "SYNOPSIS")))
        self.assertEqual(sorted(re.findall(r"\w", synopsis)), sorted(letter for letter, _ in public.values()))

    def test_exit(self):
        """the exit statuses of shuntd(8)"""
        self.assertEqual(re.findall(r"(?m)^\.It (\d+)$", section(page("shuntd.8"), "EXIT STATUS")), ["0", "1", "64"])
        self.assertIn("#define EXIT_USAGE 64 ", sources("daemon"))


class Words(st.Case):
    def variables(self, name):
        return set(re.findall(r"(SHUNT_[A-Z]+)", " ".join(re.findall(r"(?m)^\.It Ev (.*)$", section(page(name), "ENVIRONMENT")))))

    def test_environment(self):
        """the variables that the library and the command read are in their pages, and no other"""
        self.assertEqual(self.variables("libshunt.7"), set(re.findall(r'"(SHUNT_[A-Z]+)"', sources("shim"))))
        self.assertEqual(self.variables("shunt.1"), set(re.findall(r'"(SHUNT_[A-Z]+)"', sources("cli"))))

    def test_events(self):
        """the types of events in shunt(1) are those of the code"""
        words = re.findall(r'^\t\[EVENT_\w+\] = { "(\w+)"', sources("daemon"), re.M)
        found = [word.rstrip(",") for line in re.findall(r"(?m)^\.It Cm (.*)$", section(page("shunt.1"), "EVENTS")) for word in line.split()]
        self.assertEqual(sorted(word for word in found if word), sorted(words))

    def test_places(self):
        """the places that the code has by default are in the pages"""
        protocol, places = read("include", "shunt", "protocol.h"), {}
        for word in ("SOCKET", "CONTROL"):
            places[word] = re.search(rf'SHUNT_{word}_PATH "([^"]+)"', protocol).group(1)
        config = declared("daemon", r'#define CONFIG_PATH "([^"]+)"')
        for name, wanted in (
            ("shunt.1", places.values()),
            ("shuntd.8", [*places.values(), config]),
            ("shunt.conf.5", [config]),
            ("libshunt.7", [places["SOCKET"]]),
            ("nss-shunt.8", [places["SOCKET"]]),
        ):
            for path in wanted:
                with self.subTest(f"{name} {path}"):
                    self.assertIn(f".It Pa {path}\n", section(page(name), "FILES"))

    def test_references(self):
        """each page names the others, and no page of shunt that there is not"""
        ours = {tuple(name.rsplit(".", 1)) for name in PAGES}
        for name in PAGES:
            with self.subTest(name):
                seen = set(re.findall(r"(?m)^\.Xr ([\w.-]+) (\d)", section(page(name), "SEE ALSO")))
                self.assertEqual({one for one in seen if "shunt" in one[0]} | {tuple(name.rsplit(".", 1))}, ours)


# --- examples ---------------------------------------------------------------------------------------------

DISPLAY = re.compile(r'(?m)(?:^\.\\" example: (.*)\n)?(?:^\.Dl (.*)$|^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$)')


def unescape(text):
    for escape, plain in ((r"\(dq", '"'), (r"\-", "-"), (r"\e", "\\"), (r"\&", "")):
        text = text.replace(escape, plain)
    return text


def examples(name):
    """(kind, text) of each display that has a kind."""
    return [(kind, unescape(line or block)) for kind, line, block in DISPLAY.findall(page(name)) if kind]


class Examples(st.Case):
    """A host as the examples have it, with a web server on port 80 and a psql that says where it would go."""

    def setUp(self):
        super().setUp()
        self.config = f"""
            checks: {{ db: {{ type = "tcp"; port = 80; interval = "1s"; }}; }};
            records: (
              {{ name = "www.example.com"; primary: {{ address = "{self.address()}"; check = "db"; }};
                 secondary: {{ address = "{self.address()}"; }}; }},
              {{ name = "db.example.com"; primary: {{ address = "{self.address()}"; check = "db"; }};
                 secondary: ( {{ id = "replica-1"; address = "{self.address()}"; check = "db"; }} ); }} );"""
        for address in re.findall(r'address = "([^"]+)"', self.config):
            try:
                self.start(st.Hostile(st.well, address, 80))
            except PermissionError:
                self.skipTest("this user may not listen on port 80, which the examples ask")
        self.daemon = self.start(st.Daemon(self, self.config))
        self.daemon.wait_settled()
        self.write("shunt.conf", self.config)
        psql = self.write("psql", '#!/bin/sh\nexec getent ahosts "$2"\n')
        os.chmod(psql, stat.S_IRWXU)
        self.env = st.clean_env(SHUNT_CONTROL=self.daemon.control, SHUNT_SOCKET=self.daemon.socket)
        self.env["PATH"] = f"{self.tmp}:{st.B}:{self.env['PATH']}"

    def here(self, text):
        """The example, where this test's daemon and build are."""
        for path, ours in (("/run/shunt/control.sock", self.daemon.control), ("/run/shunt/shunt.sock", self.daemon.socket),
                           ("/usr/local/$LIB", f"{st.B}/$LIB")):  # fmt: skip
            text = text.replace(path, ours)
        return text

    def run_shell(self, text, status):
        def works():
            done = st.run(["sh", "-c", self.here(text)], env=self.env, cwd=self.tmp)
            self.assertEqual(done.returncode, int(status or 0), f"{text}\n{done.stdout}{done.stderr}")
            self.assertNotRegex(done.stderr, "shunt: .*(daemon|cannot)")

        st.unhurried(works)

    def run_endless(self, text, _):
        goes_on = self.start(st.Process(self, "endless", ["sh", "-c", "exec " + self.here(text)], env=self.env))

        def says():
            """It may have come too late for the change before."""
            self.daemon.request("/v1/records/www.example.com/force", "POST", body='{"endpoint": "secondary"}')
            self.daemon.request("/v1/records/www.example.com/auto", "POST")
            return "www.example.com" in goes_on.log()

        st.wait_until(says, what=f"{text} to say something", pause=0.1)
        self.assertTrue(goes_on.running)
        goes_on.stop()

    def run_config(self, text, _):
        done = st.check_config(self.write("example.conf", text))
        said = re.sub(r"(?m)^.*: reset_socket: hint: nobody listens at .*\n", "", done.stderr)  # on this machine
        self.assertEqual((done.returncode, said), (0, ""), text)

    def test_examples(self):
        """every example of the manual pages works"""
        st.need("curl", "getent")
        runners = {"shell": self.run_shell, "endless": self.run_endless, "config": self.run_config, "root": lambda *_: None}
        for name in PAGES:
            for kind, text in examples(name):
                word, _, status = kind.partition(" ")
                with self.subTest(f"{name}: {text.splitlines()[0] or text.splitlines()[1]}"):
                    runners[word](text, status)


class Marked(st.Case):
    def test_marked(self):
        """every page has examples, and every display of them says how it is tried"""
        for name in PAGES:
            with self.subTest(name):
                displays = DISPLAY.findall(section(page(name), "EXAMPLES"))
                self.assertGreater(len(displays), 0)
                self.assertEqual([line or block for kind, line, block in displays if not kind], [])


if __name__ == "__main__":
    st.main()
