"""Helpers for tests of doors: cgroups, shunt-door, servers that send their name, and a client."""
import contextlib
import ctypes
import errno
import itertools
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading

import helpers
import shunttest as st

HELPER = os.path.join(st.B, "shunt-door")
DIALER = os.path.join(st.B, "tests", "support", "dialer")
VERSION, BEGIN, CHANGES, COMMIT = 1, 1, 2, 3
ATTACHED, WAITING, REFUSED = 1, 2, 3
CHANGES_MAX = 64
HEAD, PLACE, REPLY = struct.Struct("=3I"), struct.Struct("!16sHH"), struct.Struct("=4I512s256s")
_numbers = itertools.count()


def root():
    """The mount point of cgroup v2, or None."""
    for place in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if os.path.exists(os.path.join(place, "cgroup.controllers")):
            return place
    return None


def kernel_error():
    """The errno with which the kernel rejects a connect() program, or 0 if it accepts it."""
    library = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(struct.pack("=BBhi", 0xB7, 0, 0, 1) + struct.pack("=BBhi", 0x95, 0, 0, 0))
    license_ = ctypes.create_string_buffer(b"MIT")
    # prog_type CGROUP_SOCK_ADDR, two instructions; expected_attach_type CGROUP_INET4_CONNECT is at
    # offset 68
    attributes = struct.pack("=IIQQ", 18, 2, ctypes.addressof(code), ctypes.addressof(license_)).ljust(68, b"\0")
    attributes = ctypes.create_string_buffer(attributes + struct.pack("=I", 10), 72)
    number = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}.get(os.uname().machine)
    if number is None:
        return errno.ENOSYS
    fd = library.syscall(number, 5, attributes, 72)
    if fd < 0:
        return ctypes.get_errno()
    os.close(fd)
    return 0


class Cgroup:
    """A cgroup created by the test, and the processes started in it."""

    def __init__(self, name=None):
        self.path = name or f"/shunttest-{os.getpid()}-{next(_numbers)}"
        self.folder = root() + self.path

    def start(self):
        os.makedirs(self.folder)

    def remove(self):
        """Remove it, once its processes are gone."""
        st.wait_until(self._remove, what=f"{self.path} to be empty")

    def _remove(self):
        os.rmdir(self.folder)
        return True

    def stop(self):
        if os.path.isdir(self.folder):
            for pid in self.pids():
                with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                    os.kill(pid, signal.SIGKILL)
            self.remove()

    abandon = stop

    def pids(self):
        with open(os.path.join(self.folder, "cgroup.procs"), encoding="ascii") as file:
            return [int(line) for line in file]

    @property
    def prefix(self):
        """Command prefix that runs a command in the cgroup."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', os.path.join(self.folder, "cgroup.procs")]

    def log(self):
        return ""


class Helper(helpers.Helper):
    """shunt-door, listening on a path, with the daemon's configuration, which must be owned by
    root.
    """

    def __init__(self, case, config_path, user="nobody", prefix=()):
        super().__init__(case, "shunt-door", prefix=prefix)
        self.config_path = config_path
        self.socket_path = os.path.join(case.tmp, "door.sock")
        self.command = [HELPER, "-c", config_path, "--user", user, "--socket", self.socket_path]


class Server:
    """Sends its name to every client that connects to one of its addresses; refuses connections
    once closed.
    """

    def __init__(self, name, *places, space=None):
        self.name, self.places, self.space = name, places, space
        self.listeners, self.threads = [], []

    def start(self):
        for address, port in self.places:
            if self.space:
                with self.space.inside():
                    self._listen(address, port)
            else:
                self._listen(address, port)

    def _listen(self, address, port):
        listener = socket.socket(st.family_of(address), socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(64)
        thread = threading.Thread(target=self._serve, args=(listener,), daemon=True)
        thread.start()
        self.listeners.append(listener)
        self.threads.append(thread)

    def _serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                connection.sendall(self.name.encode())
            except OSError:
                pass
            connection.close()

    def stop(self):
        """close() alone is not enough: a thread in accept() would keep the socket open."""
        for listener in self.listeners:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        for thread in self.threads:
            thread.join()
        self.listeners, self.threads = [], []

    abandon = stop

    def log(self):
        return ""


class Dialer:
    """tests/support/dialer.c, or a program with the same protocol: dial() returns (server's name,
    getpeername() result).
    """

    def __init__(self, command=(DIALER,), prefix=()):
        self.command, self.process = [*prefix, *command], None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=st.clean_env(), text=True)

    def dial(self, address, port, kind="tcp"):
        self.process.stdin.write(f"{kind} {address} {port}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line.startswith("error "):
            raise OSError(int(line.split()[1]), os.strerror(int(line.split()[1])))
        name, _, peer = line.rstrip("\n").rpartition(" ")
        return name, peer

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    abandon = stop

    def log(self):
        return ""


def static_dialer(case):
    """The dialer linked statically, with another C library if one is installed."""
    path = case.path("dialer-static")
    compiler = shutil.which("musl-gcc") or "gcc"
    source = os.path.join(st.ROOT, "tests", "support", "dialer.c")
    # musl has no kernel headers; those in glibc's directory work with any C library
    machine = st.run(["gcc", "-print-multiarch"]).stdout.strip()
    kernel = [word for folder in ("/usr/include", f"/usr/include/{machine}") for word in ("-idirafter", folder)]
    done = st.run([compiler, "-static", "-D_GNU_SOURCE", *kernel, "-o", path, source])
    case.assertEqual((done.returncode, done.stderr), (0, ""))
    return path


class Reply:
    def __init__(self, packet):
        self.version, self.state, low, high, cgroup, text = REPLY.unpack(packet)
        self.rewritten = high << 32 | low
        self.cgroup, self.text = (field.split(b"\0")[0].decode() for field in (cgroup, text))

    def __repr__(self):
        return f"<{vars(self)}>"


def place(address, port, zero=0):
    if ":" not in address:
        address = f"::ffff:{address}"
    return PLACE.pack(socket.inet_pton(socket.AF_INET6, address), port, zero)


class Asker(helpers.Asker):
    reply = Reply

    def last_word(self):
        """The text of the reply that ends the connection."""
        last = None
        while True:
            reply = self.read()
            if reply is None:
                return last and last.text
            last = reply if not reply.cgroup else last

    def send(self, kind, changes=(), version=VERSION, count=None):
        """`changes`: pairs of values of place()."""
        body = b"".join(one + other for one, other in changes).ljust(CHANGES_MAX * 40, b"\0")
        self.socket.send(HEAD.pack(version, kind, len(changes) if count is None else count) + body)
