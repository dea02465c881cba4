"""The harness of the system tests: a real daemon, servers and clients, and misbehaving servers.

A test program in tests/system looks like this:

    #!/usr/bin/env python3
    \"\"\"What it shows, in a line.\"\"\"
    import shunttest as st

    class Failover(st.Case):
        def test_standby_answers(self):
            \"\"\"the standby answers when the primary is killed\"\"\"      <- the name in the report
            primary, standby = self.address(), self.address()        # fresh addresses in 127.0.0.0/8
            port = st.free_port(primary, standby)                    # free on both
            one = self.start(st.Nginx(self, "one", primary, port))
            two = self.start(st.Nginx(self, "two", standby, port))
            daemon = self.start(st.Daemon(self, f'''
                checks: {{ web: {{ type = "http"; port = {port}; interval = "1s"; fall = 2; }}; }};
                records: ( {{ name = "www.example.com";
                    primary: {{ address = "{primary}"; check = "web"; }};
                    secondary: {{ address = "{standby}"; check = "web"; }}; }} );'''))
            daemon.wait_settled()
            self.assertEqual(daemon.resolve("www.example.com"), [primary])
            one.kill()
            st.wait_until(lambda: daemon.active("www.example.com") == "secondary", what="failover")

    if __name__ == "__main__":
        st.main()

`make check` runs all test programs; `B=build tests/run tests/system/test_x.py` runs one. TEST=word
runs only the tests whose name contains that word; V=1 shows the notes. st.main(jobs=4) runs four
tests at a time, each in its own process. Standard library only.

Nothing waits for a fixed time: wait_until() polls a condition up to a generous limit, and note()
prints measurements. Everything passed to start() is stopped when the test ends, whatever the
result; logs are shown if it failed. A sanitizer report in any log is a failure, and so is a daemon
that does not exit with status 0 on SIGTERM.

Environment: B, the build directory; SAN, set in sanitizer builds.
"""
import contextlib
import ctypes
import datetime
import http.client
import itertools
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest

sys.dont_write_bytecode = True

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
B = os.path.join(ROOT, os.environ.get("B", "build"))
SHUNTD = os.path.join(B, "shuntd")
SHUNT = os.path.join(B, "shunt")
SHIM = os.path.join(B, "libshunt.so")
LOOPER = os.path.join(B, "tests", "support", "looper")
CLOCKSTEP = os.path.join(B, "tests", "support", "clockstep.so")
SANITIZED = bool(os.environ.get("SAN"))

# Seconds to wait for a condition. Normally far less is needed, but the machine may be loaded.
PATIENCE = 120 if SANITIZED else 60

# Time that an attach may add to a lookup (SHUNT_ATTACH_MS). If the machine stalls for that long,
# the lookup goes to libc.
ATTACH_SECONDS = 0.1

os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"

REPORT = re.compile(r"(ERROR|WARNING): (Address|Leak|Thread|Memory)Sanitizer|runtime error:|: fatal: ")


# --- waiting, addresses, small things -------------------------------------------------------------------


def wait_until(condition, timeout=None, what="the condition", pause=0.01):
    """Polls condition() until it returns a true value, and returns that. Raises AssertionError
    after `timeout` seconds (PATIENCE).

    Exceptions caused by a server that is not ready yet (OSError, HTTPException, ValueError,
    KeyError) count as false.
    """
    deadline = time.monotonic() + (PATIENCE if timeout is None else timeout)
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout or PATIENCE} s in vain for: {what} (last seen: {last!r})")
        time.sleep(pause)


def first_lookups():
    """Iterates over attempts at a program's first lookup: up to ten, until one takes less than the
    attach limit.

    If the machine stalls during an attempt, the program has no table and its answer is libc's.
    """
    for _ in range(10):
        begin = time.monotonic()
        yield
        if time.monotonic() - begin < ATTACH_SECONDS:
            break


def unhurried(attempt):
    """Retries attempt(), which asserts something about a program's first lookup; see
    first_lookups().
    """
    for _ in first_lookups():
        try:
            return attempt()
        except AssertionError as error:
            last = error
    raise last


_hosts = itertools.count(random.randrange(1 << 16))


def fresh_address():
    """An address in 127.0.0.0/8 that no other test uses, made from the process id and a counter."""
    number = (os.getpid() * 8191 + next(_hosts)) % (126 << 16)
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{1 + number % 254}"


PORTS = range(10100, 32768)  # below ephemeral ports, above those that browsers block


_drawn = set()


def free_port(*addresses, kind=socket.SOCK_STREAM):
    """A port that is free on all addresses (default: 127.0.0.1) and is not an ephemeral port. A
    process is never given one twice: the first may not be bound yet.
    """
    addresses = addresses or ("127.0.0.1",)
    for _ in range(100):
        port = random.choice(PORTS)
        if port not in _drawn and all(_is_free(address, port, kind) for address in addresses):
            _drawn.add(port)
            return port
    raise AssertionError(f"no port is free on all of {addresses}")


def _is_free(address, port, kind):
    with socket.socket(family_of(address), kind) as attempt:
        try:
            attempt.bind((address, port))
            return True
        except OSError:
            return False


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def can_connect(address, port):
    with socket.socket(family_of(address), socket.SOCK_STREAM) as client:
        client.settimeout(2)
        return client.connect_ex((address, port)) == 0


def clean_env(**extra):
    """The environment without proxies, SHUNT_ variables and preloads, in the C locale."""
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.lower().endswith("_proxy") and not key.startswith("SHUNT_") and key != "LD_PRELOAD"
    }
    env.update(LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
    env.update(extra)
    return env


def shim_env(socket_path, **extra):
    """The environment of a program under the shim that attaches to `socket_path`."""
    return clean_env(LD_PRELOAD=SHIM, SHUNT_SOCKET=socket_path, **extra)


def run(command, **options):
    """subprocess.run() with text, captured output, no input and a time limit. Ignores the exit
    status.
    """
    options.setdefault("timeout", PATIENCE)
    options.setdefault("env", clean_env())
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run(command, text=True, **options)


def rfc3339(text):
    """Converts a time in the format of the status to seconds since 1970."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


_SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (NaN|-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?)$')
_HISTOGRAM = re.compile(r"_(bucket|sum|count)$")


def read_metrics(text):
    """Parses Prometheus' text format strictly.

    Returns ({metric: type}, {line's name: {((label, value), …): number}}). Each metric must have
    one HELP and one TYPE line before its samples, and its samples must be adjacent. The lines of a
    histogram are named after its parts.
    """
    types, found, current = {}, {}, None
    assert text.endswith("\n"), "the last line has no end"
    lines = iter(text.split("\n")[:-1])
    for line in lines:
        if not line:
            continue
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in types, f"{current} stands twice"
            _, _, name, types[current] = next(lines).split(" ")
            assert name == current and types[current] in ("gauge", "counter", "histogram"), line
            if types[current] != "histogram":
                found[current] = {}
            continue
        match = _SAMPLE.match(line)
        assert match, line
        whole = types[current] == "histogram" and _HISTOGRAM.search(match[1])
        assert current == (match[1][: whole.start()] if whole else match[1]), line
        labels = tuple(re.findall(r'([a-z]+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
        of_line = found.setdefault(match[1], {})
        assert labels not in of_line, f"{line} stands twice"
        of_line[labels] = float(match[3])
    return types, found


def write_whole(path, text):
    """Writes a file atomically: readers see the old or the new content, never a part."""
    temporary = path + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(temporary, path)


def need(*programs):
    """Skips the test if one of the programs is not installed."""
    for program in programs:
        if not shutil.which(program):
            raise unittest.SkipTest(f"{program} is not installed")


# --- the test case and its report -----------------------------------------------------------------------

# Running objects and the directories of tests, for cleanup when the program is interrupted.
_running = []
_folders = []


class Case(unittest.TestCase):
    """A test case with a temporary directory (self.tmp). Stops what it started when it ends."""

    seconds = 300  # a test that takes longer fails

    def setUp(self):
        self.tmp = tempfile.mkdtemp(prefix="shunttest-")
        _folders.append(self.tmp)
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        self.things = []
        signal.alarm(self.seconds * (3 if SANITIZED else 1))
        self.addCleanup(signal.alarm, 0)

    def start(self, thing):
        """Starts an object that has start(), stop() and log(), and stops it when the test ends.
        Returns it.
        """
        self.things.append(thing)
        _running.append(thing)
        self.addCleanup(_running.remove, thing)
        self.addCleanup(thing.stop)
        thing.start()
        return thing

    def address(self):
        """A fresh address in 127.0.0.0/8."""
        return fresh_address()

    def path(self, name):
        """A path in the test's directory."""
        return os.path.join(self.tmp, name)

    def write(self, name, text):
        """Writes a file in the test's directory and returns its path."""
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def note(self, text):
        """Adds a remark to the report, for example a measured time."""
        print(f"# {self._testMethodName}: {text}", flush=True)


def _own_frames(frame):
    """The traceback without unittest's own frames at its start."""
    start = frame
    while start and "__unittest" in start.tb_frame.f_globals:
        start = start.tb_next
    return start or frame


class _Tap(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0

    def _line(self, word, test, suffix=""):
        self.number += 1
        name = test.shortDescription() or test.id()
        print(f"{word} {self.number} - {name.replace('#', '')}{suffix}", flush=True)

    def _explain(self, test, error):
        text = "".join(traceback.format_exception(*error[:2], _own_frames(error[2])))
        for thing in getattr(test, "things", []):
            text += f"--- log of {thing}:\n{thing.log()}\n"
        print("".join(f"#   {line}\n" for line in text.splitlines()), end="", flush=True)

    def addSuccess(self, test):
        self._line("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("not ok", test)
        self._explain(test, err)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            super().addSubTest(test, subtest, err)
            self._line("not ok", subtest)
            self._explain(test, err)


def _select(suite, word):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _select(test, word)
        elif word in test.id() or word in (test.shortDescription() or ""):
            yield test


def _too_long(*_):
    raise AssertionError("the test takes too long")


def _interrupted(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(jobs=1):
    """Runs the calling program's tests, `jobs` of them at a time, and exits. The output is TAP."""
    os.chdir(ROOT)
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, _interrupted)
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    tests = list(_select(suite, os.environ.get("TEST", "")))
    if jobs > 1 and len(tests) > 1:
        _run_side_by_side(tests, jobs)
    else:
        _run(tests)


def _run(tests):
    """Runs the tests and exits."""
    result, interrupted = _Tap(), False
    try:
        unittest.TestSuite(tests).run(result)
    except KeyboardInterrupt:
        interrupted = True
        print("Bail out! interrupted", flush=True)
    finally:
        _abandon()
    if not interrupted:
        print(f"1..{result.number}", flush=True)
    sys.stdout.flush()
    # Not sys.exit(): threads of misbehaving servers may still be blocked in a system call.
    os._exit(0 if result.wasSuccessful() and not interrupted else 1)


def _run_side_by_side(tests, jobs):
    """Runs each test in its own process, with its own threads, addresses and namespaces. Exits."""
    waiting, children = list(tests), {}  # {pid: (test, its output)}
    number, bad = 0, 0
    try:
        while waiting or children:
            while waiting and len(children) < jobs:
                pid, output = _fork(waiting[0])
                children[pid] = waiting.pop(0), output
            pid, status = os.wait()
            test, output = children.pop(pid)
            number, failed = _retell(test, output, status, number)
            bad += failed
        print(f"1..{number}", flush=True)
    except KeyboardInterrupt:
        bad += 1
        print("Bail out! interrupted", flush=True)
        for pid in children:
            os.kill(pid, signal.SIGTERM)
        for pid in children:
            os.waitpid(pid, 0)
    os._exit(1 if bad else 0)


def _fork(test):
    output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        _run([test])
    return pid, output


def _retell(test, output, status, number):
    """Prints the output of a test's process, numbering its results from `number` on.

    Returns (last number, whether it failed).
    """
    with output:
        output.seek(0)
        text = re.sub(r"(?m)^1\.\.\d+\n", "", output.read())
    first = number

    def renumber(match):
        nonlocal number
        number += 1
        return f"{match.group(1)} {number}"

    text = re.sub(r"(?m)^(ok|not ok) \d+", renumber, text)
    if number == first:
        number += 1
        text += f"not ok {number} - {test.shortDescription() or test.id()}\n#   ended with wait status {status}\n"
    print(text, end="", flush=True)
    return number, status != 0


def _abandon():
    """Cleans up after an interrupted test."""
    for thing in reversed(_running):
        thing.abandon()
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


# --- processes ------------------------------------------------------------------------------------------


def kill_group(process):
    """Sends SIGKILL to the process group that a subprocess leads, and waits for that process."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


class Process:
    """A program in its own process group, with its output in a log file. Base class of Daemon,
    Nginx and Dns.
    """

    def __init__(self, case, name, command=None, env=None, prefix=()):
        """`prefix`: words to put before the command, such as NetNs.prefix."""
        self.name = name
        self.dir = tempfile.mkdtemp(prefix=f"{name}-", dir=case.tmp)
        self.command = command
        self._env = env or clean_env()
        self.prefix = list(prefix)
        self.process = None
        self.log_path = os.path.join(self.dir, "log")

    def __str__(self):
        return self.name

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        """Starts or restarts the program, and waits until it is ready()."""
        assert not self.running, f"{self} runs already"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.prefix + self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=self.dir,
                start_new_session=True,
            )
        wait_until(self._ready_or_dead, what=f"{self} to be ready")
        if not self.running:
            raise AssertionError(f"{self} ended with status {self.process.returncode}:\n{self.log()}")

    def _ready_or_dead(self):
        return not self.running or self.ready()

    def ready(self):
        return True

    def signal(self, number):
        """Sends a signal to the process, but not to its children."""
        os.kill(self.pid, number)

    def pause(self):
        """Sends SIGSTOP to the process and its children, so that it hangs. The kernel still accepts
        a server's connections.
        """
        os.killpg(self.pid, signal.SIGSTOP)
        wait_until(lambda: process_state(self.pid) == "T", what=f"{self} to stop")

    def resume(self):
        os.killpg(self.pid, signal.SIGCONT)

    def kill(self):
        """Sends SIGKILL to the process and all of its children."""
        if self.process is not None:
            kill_group(self.process)

    abandon = kill

    def stop(self):
        """Stops the process if it runs, and checks its log for sanitizer reports."""
        self.kill()
        self.check_log()

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                self._log = file.read()
        except OSError:
            pass
        return getattr(self, "_log", "")

    def check_log(self):
        if REPORT.search(self.log()):
            raise AssertionError(f"{self} reported:\n{self.log()}")

    def wait_log(self, pattern, timeout=None, start=0):
        """Waits until the log, from character `start` on, matches the regular expression. Returns
        the match.
        """
        return wait_until(
            lambda: re.search(pattern, self.log()[start:]), timeout, what=f"{pattern!r} in the log of {self}"
        )

    def wait_exit(self, timeout=None):
        """Waits for the process to exit and returns the exit status."""
        wait_until(lambda: not self.running, timeout, what=f"{self} to end")
        return self.process.returncode


def process_state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0]


# --- shuntd ---------------------------------------------------------------------------------------------


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def unix_request(path, url, method="GET", body=None, headers=None, timeout=PATIENCE):
    """Sends one HTTP request over a Unix socket. Returns (status, body as bytes, headers)."""
    connection = _UnixConnection(path, timeout)
    try:
        connection.request(method, url, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


class Stream:
    """GET /v1/events, as an object to start: next() reads a line, until() reads up to a given line.
    An empty line is None; the end raises EOFError.
    """

    def __init__(self, control, query=""):
        self.control, self.query = control, query
        self.connection = self.response = None

    def __str__(self):
        return f"stream {self.query}"

    def start(self):
        self.connection = _UnixConnection(self.control, PATIENCE)
        self.connection.request("GET", f"/v1/events{self.query}")
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            raise AssertionError(f"status {self.response.status}: {self.response.read()!r}")

    def next(self):
        line = self.response.readline()
        if not line.endswith(b"\n"):
            raise EOFError(f"the stream ended with {line!r}")
        return json.loads(line) if line != b"\n" else None

    def until(self, wanted):
        """Reads up to the first line for which wanted() is true. Returns all lines read, including
        that one, without empty lines.
        """
        seen = []
        while not seen or not wanted(seen[-1]):
            line = self.next()
            if line is not None:
                seen.append(line)
        return seen

    def until_type(self, word, **fields):
        return self.until(lambda line: line.get("type") == word and all(line.get(key) == value for key, value in fields.items()))

    def log(self):
        return ""

    def stop(self):
        for thing in (self.response, self.connection):
            if thing:
                thing.close()


def check_config(path, *options):
    """Runs shuntd -t -c PATH and returns the completed process."""
    return run([SHUNTD, "-t", "-c", path, *options])


class Daemon(Process):
    """shuntd with a configuration supplied by the test.

    `config` is the text of the file without socket, control and state_dir; these are added in front
    of it, on one line. Members: .socket, .control, .config_path; status(), record(), active(),
    answer(); resolve(), client(), env(); reload(), pause(), resume(), kill(), stop(), forget(),
    start() again; wait_settled(), wait_active(), wait_log(); descriptors().
    """

    def __init__(self, case, config, name="shuntd", options=(), env=None, prefix=()):
        super().__init__(case, name, env=env, prefix=prefix)
        self.socket = os.path.join(self.dir, "shunt.sock")
        self.control = os.path.join(self.dir, "control.sock")
        self.config_path = os.path.join(self.dir, "shunt.conf")
        self.write_config(config)
        self.command = [SHUNTD, "-c", self.config_path, *options]

    def write_config(self, config):
        head = f'socket = "{self.socket}"; control = "{self.control}"; state_dir = "{self.dir}";\n'
        write_whole(self.config_path, head + config)

    def ready(self):
        """Whether both sockets answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.connect(self.socket)
        return self.status() is not None

    def stop(self):
        """Sends SIGTERM; asserts that the exit status is 0 and that there is no sanitizer report.
        """
        if self.running:
            self.resume()
            self.signal(signal.SIGTERM)
            try:
                status = self.wait_exit()
            finally:
                self.kill()
            if status != 0:
                raise AssertionError(f"{self} ended with status {status}:\n{self.log()}")
        self.check_log()

    def forget(self):
        """Deletes the saved state, so that the next run starts without it."""
        path = os.path.join(self.dir, "state.json")
        if os.path.exists(path):
            os.unlink(path)

    def descriptors(self):
        """The number of open descriptors, without the state file, which may be opened for writing
        at any time.

        0 unless run as root, since others may not read it.
        """
        try:
            return sum("/state.json" not in what for what in descriptors(self.pid).values())
        except PermissionError:
            return 0

    def reload(self, config=None):
        """Writes the configuration, if one is given, and sends SIGHUP. Does not wait for the
        reload; wait for what should change.
        """
        if config is not None:
            self.write_config(config)
        self.signal(signal.SIGHUP)

    def request(self, url, method="GET", **options):
        return unix_request(self.control, url, method, **options)

    def status(self):
        """GET /v1/status, as a dictionary. Raises ValueError if it is invalid."""
        status, body, _ = self.request("/v1/status")
        if status != 200:
            raise ValueError(f"status {status}: {body!r}")
        return json.loads(body)

    def metrics(self):
        """GET /metrics, as the second result of read_metrics()."""
        status, body, _ = self.request("/metrics")
        if status != 200:
            raise ValueError(f"status {status}: {body!r}")
        return read_metrics(body.decode("ascii"))[1]

    def metric(self, line, **labels):
        """The value of one line of /metrics. Raises KeyError if there is none."""
        for found, value in self.metrics()[line].items():
            if dict(found) == labels:
                return value
        raise KeyError((line, labels))

    def record(self, name):
        """The status of the record with that name. Raises KeyError if there is none."""
        for record in self.status()["records"]:
            if record["name"] == name:
                return record
        raise KeyError(name)

    def endpoint(self, name, endpoint_id):
        for endpoint in self.record(name)["endpoints"]:
            if endpoint["id"] == endpoint_id:
                return endpoint
        raise KeyError(endpoint_id)

    def active(self, name):
        """The id of the endpoint that answers for the record."""
        return self.record(name)["active"]

    def answer(self, name):
        """The addresses that the daemon reports as the answer."""
        return self.record(name)["answer"]

    def health(self, name, endpoint_id):
        return self.endpoint(name, endpoint_id)["health"]

    def settled(self):
        """Whether every check of every endpoint has a verdict."""
        return all(
            endpoint["health"] != "unknown"
            for record in self.status()["records"]
            for endpoint in record["endpoints"]
        )

    def wait_settled(self, timeout=None):
        wait_until(self.settled, timeout, what="every check to have a verdict")

    def wait_active(self, name, endpoint_id, timeout=None):
        """Waits until that endpoint answers; returns how many seconds it took."""
        start = time.monotonic()
        wait_until(lambda: self.active(name) == endpoint_id, timeout, what=f"{name} to be answered by {endpoint_id}")
        return time.monotonic() - start

    def env(self, **extra):
        """The environment of a program under the shim, attached to this daemon."""
        return shim_env(self.socket, SHUNT_CONTROL=self.control, **extra)

    def client(self, command, **options):
        """Runs a program under the shim until it exits. Returns the completed process."""
        options.setdefault("env", self.env())
        return run(command, **options)

    def attached(self, command, **options):
        """As client(), with SHUNT_DEBUG; retries if a lookup was passed on, as it may be on a
        stalled machine.
        """
        for _ in first_lookups():
            done = self.client(command, env=self.env(SHUNT_DEBUG="1"), **options)
            if "passed on" not in done.stderr:
                break
        return done

    def resolve(self, name):
        """The result of getaddrinfo() in a new process under the shim: a list of addresses, in
        order.
        """
        done = self.attached([LOOPER, "-1", name])
        if done.returncode != 0:
            raise AssertionError(f"looper: {done.stdout}{done.stderr}")
        answer = done.stdout.split()[3]
        return [] if answer.startswith("EAI_") else answer.split(",")


# Command prefix to run as an unprivileged user, if the tests run as root.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")


class public_build:
    """Copies of built programs that every user can run: .shunt, .shuntd, .shim, .looper.

    Makes the test's directory accessible to all.
    """

    def __init__(self, case):
        os.chmod(case.tmp, 0o755)
        folder = case.path("bin")
        library = os.path.relpath(os.path.realpath(SHIM), os.path.realpath(B))
        for name, source in (("shunt", SHUNT), ("shuntd", SHUNTD), ("looper", LOOPER), (library, SHIM)):
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(source, path)
            os.chmod(path, 0o755)
        self.shunt, self.shuntd, self.looper, self.shim = (
            os.path.join(folder, name) for name in ("shunt", "shuntd", "looper", library)
        )


def shunt(daemon, *arguments, **options):
    """Runs the shunt command against that daemon (None: without one). Returns the completed
    process.
    """
    options.setdefault("env", clean_env(SHUNT_CONTROL=daemon.control, SHUNT_SOCKET=daemon.socket) if daemon else clean_env())
    return run([SHUNT, *arguments], **options)


# --- a client that looks up continuously
# ----------------------------------------------------------------


class Looper(Process):
    """A program under the shim whose threads look up a name in a loop (tests/support/looper.c).

    changes: [(seconds of time.monotonic(), thread, "address,address" or "EAI_…")], one for each
    change that a thread saw. report(): {"lookups", "slowest_us", "descriptors", "tables",
    "mappings"}.

    `attaches`: whether its first lookup gets a table, for which it may have more than one try; by
    default if it has no `env` of its own.
    """

    def __init__(self, case, name, daemon, threads=2, pause_us=200, options=(), env=None, label="looper", attaches=None):
        super().__init__(case, label, env=env or daemon.env())
        self._attaches = env is None if attaches is None else attaches
        self.command = [LOOPER, "-t", str(threads), "-p", str(pause_us), *options, name]
        self.threads = threads
        self.changes = []
        self._reports = []

    def start(self):
        for _ in range(10):
            self._start()
            # A first lookup that waited for this long has no table, and its answer is libc's.
            if not self._attaches or self.report()["slowest_us"] < 1e6 * ATTACH_SECONDS:
                break
            self.stop()

    def _start(self):
        self.changes, self._reports = [], []
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._env,
                text=True,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(lambda: len(self.now()) == self.threads or not self.running, what="each thread's first answer")

    def _read(self):
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "answer":
                self.changes.append((int(words[1]) / 1000, int(words[2]), words[3]))
            elif words[0] == "report":
                self._reports.append({key: int(value) for key, value in (word.split("=") for word in words[1:])})

    def now(self):
        """{thread: its latest answer}"""
        return {thread: answer for _, thread, answer in list(self.changes)}

    def answers(self):
        """All distinct answers seen so far."""
        return {answer for _, _, answer in list(self.changes)}

    def wait_answer(self, answer, timeout=None):
        """Waits until every thread has this answer; returns when the last thread saw it, in
        time.monotonic() seconds.
        """
        wait_until(
            lambda: set(self.now().values()) == {answer}, timeout, what=f"every thread of {self} to be answered {answer}"
        )
        return max(max(at for at, thread, _ in list(self.changes) if thread == number) for number in range(self.threads))

    def report(self):
        """The program's counters since its start, or since reset()."""
        have = len(self._reports)
        self._say("report")
        wait_until(lambda: len(self._reports) > have, what=f"the report of {self}")
        return self._reports[-1]

    def reset(self):
        """Resets the slowest lookup and the number of lookups."""
        self._say("reset")

    def _say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def stop(self):
        """Asserts that the program is still running, and that it exits with status 0."""
        if self.process is None:
            return
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            status = self.wait_exit()
        finally:
            self.kill()
            self._reader.join(5)
            self.process.stdout.close()
        if status not in (0, -signal.SIGKILL):
            raise AssertionError(f"{self} ended with status {status}")
        self.check_log()


# --- nginx ----------------------------------------------------------------------------------------------


class Nginx(Process):
    """A web server at address:port whose body is its name. Use start(), kill() (SIGKILL to master
    and workers), then start() to restart.

    certificate: (cert, key) of CA.issue(), to serve https. `server`: additional text for the server
    block. `body`: replaces the name. requests(): one dictionary per request: method, uri, host,
    sni, status, agent, peer, encoding.
    """

    def __init__(self, case, name, address, port, certificate=None, server="", body=None, prefix=()):
        need("nginx")
        super().__init__(case, name, prefix=prefix)
        self.at, self.port = address, port
        listen = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        tls = ""
        if certificate:
            listen += " ssl"
            tls = f"ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};"
        content = name if body is None else body
        user = "user root;" if os.geteuid() == 0 else ""
        with open(os.path.join(self.dir, "nginx.conf"), "w", encoding="utf-8") as file:
            file.write(
                f"""{user} daemon off; worker_processes 1; pid {self.dir}/pid; error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  log_format all escape=json '{{"method":"$request_method","uri":"$request_uri","host":"$http_host",'
    '"sni":"$ssl_server_name","status":"$status","agent":"$http_user_agent",'
    '"peer":"$remote_addr","encoding":"$sent_http_content_encoding"}}';
  access_log {self.dir}/access.log all;
  client_body_temp_path {self.dir}/t1; proxy_temp_path {self.dir}/t2; fastcgi_temp_path {self.dir}/t3;
  uwsgi_temp_path {self.dir}/t4; scgi_temp_path {self.dir}/t5;
  keepalive_timeout 0; default_type text/plain;
  server {{ listen {listen}; {tls} {server}
    location / {{ return 200 "{content}\\n"; }} }}
}}
"""
            )
        self.command = ["nginx", "-p", self.dir, "-c", os.path.join(self.dir, "nginx.conf"), "-e", "stderr"]

    def ready(self):
        return bool(self.prefix) or can_connect(self.at, self.port)

    def kill(self):
        """Sends SIGKILL to the master and its workers; returns when the port is closed."""
        super().kill()
        if not self.prefix:
            wait_until(lambda: not can_connect(self.at, self.port), what=f"the port of {self} to close")

    def requests(self):
        with open(os.path.join(self.dir, "access.log"), encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]


# --- DNS ------------------------------------------------------------------------------------------------

A, AAAA, CNAME = 1, 28, 5


def dns_question(name, kind=A, number=1):
    labels = b"".join(struct.pack("B", len(label)) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


def dns_ask(server, port, name, kind=A, timeout=2):
    """Queries a DNS server. Returns (rcode, sorted list of addresses)."""
    with socket.socket(family_of(server), socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((server, port))
        question = dns_question(name, kind, random.randrange(1 << 16))
        client.send(question)
        reply = client.recv(4096)
    rcode, count = reply[3] & 15, struct.unpack("!H", reply[6:8])[0]
    addresses, at = [], len(question)
    for _ in range(count):
        while reply[at] and reply[at] < 0xC0:
            at += reply[at] + 1
        at += 2 if reply[at] else 1
        found, _, _, length = struct.unpack("!HHIH", reply[at : at + 10])
        data = reply[at + 10 : at + 10 + length]
        at += 10 + length
        if found in (A, AAAA):
            addresses.append(socket.inet_ntop(socket.AF_INET if found == A else socket.AF_INET6, data))
    return rcode, sorted(addresses)


class Dns(Process):
    """dnsmasq at address:port, with records that can be changed while it runs.

    hosts: {name: [address, …]} for A and AAAA. Other names under .com, .net, .org and .test are
    NXDOMAIN; a family without addresses gives an empty answer. set() replaces all records at once;
    kill() and start() stop and restart the server; pause() makes it hang. `resolver` is the text
    for shunt's `resolvers`. All answers have the TTL `ttl`; set_ttl() restarts the server.
    """

    def __init__(self, case, address, port=None, hosts=None, ttl=1, options=(), name="dnsmasq", prefix=()):
        need("dnsmasq")
        super().__init__(case, name, prefix=prefix)
        self.at = address
        self.port = port or free_port(address, kind=socket.SOCK_DGRAM)
        self.resolver = f"{address}:{self.port}"
        self.options = list(options)
        self.hosts_path = os.path.join(self.dir, "hosts")
        self.hosts = hosts or {}
        self._write()
        self._make_command(ttl)

    def _make_command(self, ttl):
        self.command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file="]
        self.command += ["--no-resolv", "--no-hosts", "--bind-interfaces", "--log-facility=-", "--log-queries"]
        self.command += [f"--listen-address={self.at}", f"--port={self.port}", f"--addn-hosts={self.hosts_path}"]
        self.command += [f"--local-ttl={ttl}", "--local=/com/net/org/test/"]
        if os.geteuid() == 0:
            self.command += ["--user=root", "--group=root"]
        self.command += self.options

    def _write(self):
        temporary = self.hosts_path + ".new"
        with open(temporary, "w", encoding="utf-8") as file:
            for name, addresses in self.hosts.items():
                file.writelines(f"{address} {name}\n" for address in addresses)
            file.write("192.0.2.255 ready.test\n")
        os.rename(temporary, self.hosts_path)

    def ready(self):
        return bool(self.prefix) or dns_ask(self.at, self.port, "ready.test", timeout=0.5)[1] == ["192.0.2.255"]

    def set(self, hosts):
        """Replaces the records; returns when the server answers with them."""
        before, self.hosts = self.hosts, hosts
        self._write()
        self.signal(signal.SIGHUP)
        if not self.prefix:
            for name in {**before, **hosts}:
                wait_until(lambda name=name: self._answers(name), what=f"{self} to know {name}")

    def _answers(self, name):
        want = self.hosts.get(name, [])
        got = dns_ask(self.at, self.port, name, A, 0.5)[1] + dns_ask(self.at, self.port, name, AAAA, 0.5)[1]
        return sorted(want) == sorted(got)

    def set_ttl(self, ttl):
        self.kill()
        self._make_command(ttl)
        self.start()


# --- misbehaving servers
# --------------------------------------------------------------------------------


def _send_for_ever(connection, stop, piece, pause=0.0):
    while not stop.is_set():
        connection.sendall(piece)
        if pause:
            stop.wait(pause)


def well(connection, stop):
    """Answers correctly, as a working web server."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def silent(connection, stop):
    """Accepts the connection and sends nothing."""
    stop.wait()


def closes(connection, stop):
    """Closes the connection immediately."""


def resets(connection, stop):
    """Reads the request and resets the connection."""
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def garbage(connection, stop):
    """Sends random bytes."""
    connection.recv(65536)
    connection.sendall(random.Random(1).randbytes(65536))


def endless_body(connection, stop):
    """A valid header and an endless body."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    _send_for_ever(connection, stop, b"x" * 16384)


def endless_header(connection, stop):
    """One endless header line."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    _send_for_ever(connection, stop, b"x" * 16384)


def endless_headers(connection, stop):
    """Endless header lines."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    _send_for_ever(connection, stop, b"X-More: and more\r\n" * 512)


def endless_trailers(connection, stop):
    """A complete chunked body, then endless trailers."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    _send_for_ever(connection, stop, b"X-More: and more\r\n" * 512)


def endless_100(connection, stop):
    """100 Continue, repeated endlessly."""
    connection.recv(65536)
    _send_for_ever(connection, stop, b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.001)


def half_header(connection, stop):
    """A status line and part of the headers, then end of stream."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text")


def slow(connection, stop):
    """A valid answer, one byte per second."""
    connection.recv(65536)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":
        if stop.is_set():
            return
        connection.sendall(bytes([byte]))
        stop.wait(1)


def tls_truncated(connection, stop):
    """The first bytes of a ServerHello, then end of stream."""
    connection.recv(65536)
    connection.sendall(bytes.fromhex("160303007a0200007603 03") + b"\x5a" * 20)


def tls_stalled(connection, stop):
    """The first bytes of a ServerHello, then nothing."""
    connection.recv(65536)
    connection.sendall(bytes.fromhex("160303007a0200007603 03") + b"\x5a" * 20)
    stop.wait()


HOSTILE_HTTP = (
    silent,
    closes,
    resets,
    garbage,
    endless_body,
    endless_header,
    endless_headers,
    endless_trailers,
    endless_100,
    half_header,
    slow,
)
HOSTILE_TLS = (silent, closes, resets, garbage, tls_truncated, tls_stalled)


class _Ending:
    """Behaves like an Event that is set when the server stops or the peer hangs up."""

    def __init__(self, connection, stop):
        self._poll = select.poll()
        self._poll.register(connection, select.POLLRDHUP)
        self._stop = stop

    def is_set(self):
        return self._stop.is_set() or bool(self._poll.poll(0))

    def wait(self, seconds=None):
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._stop.is_set() and (deadline is None or time.monotonic() < deadline):
            slice_ms = 200 if deadline is None else max(1, min(200, int((deadline - time.monotonic()) * 1000)))
            if self._poll.poll(slice_ms):
                return True
        return self._stop.is_set()


class Hostile:
    """A TCP server at address:port that passes each connection to one of the functions above, in
    its own thread.

    `behave` may be changed while it runs. .accepted counts connections, .open those still open.
    """

    def __init__(self, behave, address, port=0):
        self.behave, self.at, self.port = behave, address, port
        self.accepted = self.open = 0
        self._listener = None
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def __str__(self):
        return f"{self.behave.__name__} server"

    def start(self):
        self._stop.clear()
        self._listener = socket.create_server((self.at, self.port), family=family_of(self.at), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while not self._stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.accepted += 1
                self.open += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                self.behave(connection, _Ending(connection, self._stop))
        except OSError:
            pass
        finally:
            with self._lock:
                self.open -= 1

    def log(self):
        return f"{self.accepted} connections accepted, {self.open} open\n"

    def stop(self):
        self._stop.set()
        if self._listener:
            try:
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept(); close() would not
            except OSError:
                pass
            self._listener.close()
            self._listener = None

    abandon = stop


def dns_silent(question, send):
    """Sends nothing."""


def dns_garbage(question, send):
    """Random bytes, with and without the query ID in front."""
    send(random.Random(1).randbytes(200))
    send(question[:2] + random.Random(2).randbytes(200))


def dns_short(question, send):
    """All truncated versions of an answer."""
    answer = question[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + question[12:]
    answer += struct.pack("!HHHIH", 0xC00C, A, 1, 60, 4) + bytes([192, 0, 2, 1])
    for length in range(len(answer)):
        send(answer[:length])


def dns_loop(question, send):
    """A name with a compression pointer to itself."""
    answer = question[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + question[12:]
    send(answer + struct.pack("!HHHIH", 0xC000 | len(question), A, 1, 60, 4) + bytes([192, 0, 2, 1]))


def dns_servfail(question, send):
    """SERVFAIL."""
    send(question[:2] + struct.pack("!5H", 0x8182, 1, 0, 0, 0) + question[12:])


HOSTILE_DNS = (dns_silent, dns_garbage, dns_short, dns_loop, dns_servfail)


class HostileDns:
    """A DNS server over UDP at address:port that passes each query to one of the functions above.
    .asked counts queries.
    """

    def __init__(self, behave, address, port=0):
        self.behave, self.at, self.port = behave, address, port
        self.asked = 0
        self._socket = None

    def __str__(self):
        return f"{self.behave.__name__} server"

    @property
    def resolver(self):
        return f"{self.at}:{self.port}"

    def start(self):
        self._socket = socket.socket(family_of(self.at), socket.SOCK_DGRAM)
        self._socket.bind((self.at, self.port))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()

    def _serve(self, server):
        while self._socket is server:
            try:
                server.settimeout(0.2)
                question, peer = server.recvfrom(4096)
            except socket.timeout:
                continue
            except OSError:
                return
            self.asked += 1
            try:
                self.behave(question, lambda answer, peer=peer: server.sendto(answer, peer))
            except OSError:
                pass

    def log(self):
        return f"{self.asked} questions\n"

    def stop(self):
        server, self._socket = self._socket, None
        if server:
            server.close()

    abandon = stop


# --- certificates ---------------------------------------------------------------------------------------


class CA:
    """A certificate authority for one test. .file is its certificate, for `ca_file`."""

    LONG = ("20200101000000Z", "20991231000000Z")
    # What Python 3.13 requires of a certificate.
    AUTHORITY = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    ISSUED = "authorityKeyIdentifier=keyid\n"
    CONFIG = """[ca]
default_ca = own
[own]
database = {dir}/index
serial = {dir}/serial
new_certs_dir = {dir}
default_md = sha256
unique_subject = no
policy = any
[any]
commonName = supplied
"""

    def __init__(self, case, name="Test CA"):
        need("openssl")
        self.dir = tempfile.mkdtemp(prefix="ca-", dir=case.tmp)
        self.key, self.file = self._path("ca.key"), self._path("ca.pem")
        self._numbers = itertools.count(1)
        request = self._path("ca.csr")
        self._openssl("req", "-new", *self._new_key(self.key), "-subj", f"/CN={name}", "-out", request)
        self._sign(0, request, self.file, self.AUTHORITY, *self.LONG, signer=("-selfsign",))

    def _path(self, name):
        return os.path.join(self.dir, name)

    def _write(self, name, text):
        path = self._path(name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def _new_key(self, path):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path)

    def _openssl(self, *arguments):
        done = run(["openssl", *arguments], cwd=self.dir)
        if done.returncode != 0:
            raise AssertionError(f"openssl {arguments[0]}: {done.stderr}")

    def _request(self, name):
        """The serial number of a new certificate, and the paths of the certificate, its key and the
        signing request.
        """
        number = next(self._numbers)
        key, cert, request = (self._path(f"{number}.{suffix}") for suffix in ("key", "pem", "csr"))
        self._openssl("req", "-new", *self._new_key(key), "-subj", f"/CN={name[:60]}", "-out", request)
        return number, key, cert, request

    def issue(self, *names, expired=False, self_signed=False):
        """Issues a server certificate for names and addresses: (certificate file, key file).
        `expired`: it expired yesterday.
        """
        number, key, cert, request = self._request(names[0])
        subject = ",".join(f"IP:{name}" if _is_address(name) else f"DNS:{name}" for name in names)
        extensions = f"subjectAltName={subject}\nextendedKeyUsage=serverAuth\n{'' if self_signed else self.ISSUED}"
        if expired:
            yesterday = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - 86400))
            self._sign(number, request, cert, extensions, self.LONG[0], yesterday, signer=("-cert", self.file))
            return cert, key
        signer = ("-signkey", key) if self_signed else ("-CA", self.file, "-CAkey", self.key)
        self._openssl(
            "x509", "-req", "-in", request, *signer, "-set_serial", str(1000 + number), "-days", "30",
            "-extfile", self._write(f"{number}.ext", extensions), "-out", cert,
        )  # fmt: skip
        return cert, key

    def dated(self, name, start=LONG[0], end=LONG[1], usage="serverAuth"):
        """Issues a certificate with given dates and purpose: (certificate file, key file)."""
        number, key, cert, request = self._request(name)
        extensions = f"subjectAltName=DNS:{name}\nextendedKeyUsage={usage}\n"
        self._sign(number, request, cert, extensions, start, end, signer=("-cert", self.file))
        return cert, key

    def _sign(self, number, request, cert, extensions, start, end, signer):
        self._write("config", self.CONFIG.format(dir=self.dir))
        self._write("index", "")
        self._write("serial", f"{1000 + number:04d}\n")
        self._openssl(
            "ca", "-batch", "-notext", "-config", self._path("config"), *signer, "-keyfile", self.key,
            "-startdate", start, "-enddate", end, "-extfile", self._write("extensions", extensions),
            "-in", request, "-out", cert,
        )  # fmt: skip


class TlsServer(Hostile):
    """A web server with one certificate that records requests. .seen: {(SNI, Host)}. present()
    changes its certificate.
    """

    def __init__(self, address, certificate, client_ca=None, port=0, body="ok"):
        super().__init__(self.serve, address, port)
        self.seen = set()
        self._answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
        self._sni = {}
        self._client_ca = client_ca
        self.present(certificate)

    def present(self, certificate):
        """Sets the certificate for new connections."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        context.sni_callback = lambda connection, name, _: self._sni.__setitem__(id(connection), name)
        if self._client_ca:
            context.load_verify_locations(self._client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        self.context = context

    def serve(self, connection, stop):
        connection.settimeout(PATIENCE)
        with self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as tls:
            try:
                tls.do_handshake()
            except ssl.SSLError:
                self.seen.add((self._sni.pop(id(tls), None), None))
                self.end(tls)
                return
            sni = self._sni.pop(id(tls), None)
            request = tls.recv(65536).decode()
            host = re.search(r"(?m)^Host: (.*?)\r$", request)
            self.seen.add((sni, host and host.group(1)))
            tls.sendall(self._answer.encode())

    @staticmethod
    def end(tls):
        """Not with a reset, which could overtake the alert with the reason."""
        tls.shutdown(socket.SHUT_WR)
        while tls.recv(4096):
            pass


def _is_address(text):
    try:
        socket.inet_pton(family_of(text), text)
        return True
    except OSError:
        return False


# --- network namespaces ---------------------------------------------------------------------------------

_names = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def _enter(path):
    """Moves this thread into a network namespace."""
    with open(path, "rb") as namespace:
        if _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")


class NetNs:
    """A network namespace with loopback up. Needs root; otherwise the test is skipped.

    `prefix` goes in front of a command, or into Process(prefix=…). Within inside(), this thread is
    in the namespace, and so is a Hostile started there. add_address() adds addresses to its lo,
    connect() joins two namespaces by a veth pair, SlowLink joins them by a link with a delay, and
    nft() loads rules, for example to drop packets. stop() removes the namespace.
    """

    def __init__(self):
        need("ip")
        self.name = f"shunttest-{os.getpid()}-{next(_names)}"
        self.prefix = ["nsenter", f"--net=/run/netns/{self.name}", "--"]

    def __str__(self):
        return f"namespace {self.name}"

    def start(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("network namespaces need root")
        done = run(["ip", "netns", "add", self.name])
        if done.returncode != 0:
            raise unittest.SkipTest(f"no network namespaces here: {done.stderr.strip()}")
        self.ip("link", "set", "lo", "up")

    def run(self, *command, **options):
        """Runs a command inside the namespace; raises AssertionError if it fails."""
        done = run([*self.prefix, *command], **options)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    @contextlib.contextmanager
    def inside(self):
        """Sockets and threads created within this context belong to the namespace, and stay in it.
        """
        with open("/proc/thread-self/ns/net", "rb") as back:
            _enter(f"/run/netns/{self.name}")
            try:
                yield
            finally:
                _libc.setns(back.fileno(), CLONE_NEWNET)

    def ip(self, *arguments):
        return self.run("ip", *arguments)

    def add_address(self, *addresses, device="lo"):
        for address in addresses:
            bits = "128" if ":" in address else "32"
            whole = address if "/" in address else f"{address}/{bits}"
            # Without nodad an address is no address until the kernel's work queue has had its turn, on lo too.
            self.ip("address", "add", whole, "dev", device, *(["nodad"] if ":" in address else []))

    def connect(self, other, mine, theirs):
        """Adds a veth pair; `mine` and `theirs` are addresses with a prefix length. Returns our
        device's name.
        """
        number = next(_names)
        here, there = f"v{number}a", f"v{number}b"
        self.ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", other.name)
        for space, device, address in ((self, here, mine), (other, there, theirs)):
            space.ip("address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
            space.ip("link", "set", device, "up")
        return here

    def nft(self, rules):
        """Loads rules in nft syntax, such as `add table inet t`; `flush ruleset` removes all."""
        need("nft")
        self.run("nft", "-f", "-", input=rules, stdin=None)

    def log(self):
        return ""

    def stop(self):
        run(["ip", "netns", "delete", self.name])

    abandon = stop


class SlowLink(Process):
    """A link between two namespaces that delays each packet by `delay` seconds
    (tests/support/slowlink.py).

    `mine` and `theirs` are addresses without a prefix length.
    """

    def __init__(self, case, here, there, mine, theirs, delay):
        number = next(_names)
        self._ends = ((here, f"slow{number}a", mine, theirs), (there, f"slow{number}b", theirs, mine))
        devices = [device for _, device, _, _ in self._ends]
        super().__init__(case, "slowlink", prefix=here.prefix)
        self.command = [sys.executable, os.path.join(ROOT, "tests/support/slowlink.py"), str(delay), *devices]

    def ready(self):
        return "ready" in self.log()

    def start(self):
        if not os.path.exists("/dev/net/tun"):
            raise unittest.SkipTest("no /dev/net/tun here")
        super().start()
        (here, _, _, _), (there, device, _, _) = self._ends
        here.ip("link", "set", device, "netns", there.name)
        for space, device, own, peer in self._ends:
            space.ip("address", "add", own, "peer", peer, "dev", device)
            space.ip("link", "set", device, "up")


# --- process information
# --------------------------------------------------------------------------------


def descriptors(pid):
    """{number: target} of a process's descriptors."""
    found = {}
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
        except FileNotFoundError:
            pass
    return found


def mappings(pid, word=""):
    """The lines of a process's memory map that contain `word`."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        return [line.rstrip("\n") for line in file if word in line]


def memory_kb(pid, what="VmRSS"):
    """A value of /proc/PID/status: VmRSS, VmHWM, …"""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(what + ":"):
                return int(line.split()[1])
    raise KeyError(what)


def cpu_seconds(pid):
    """User and system time used by a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
