"""Helpers for tests of connection resets: shunt-reset, a client for it, and connections."""
import os
import re
import socket
import struct

import helpers
import shunttest as st

HELPER = os.path.join(st.B, "shunt-reset")
VERSION, DRY_RUN = 1, 1
READY, FOUND, DONE, REFUSED = 1, 2, 3, 4
REQUEST, REPLY = struct.Struct("=5I16sI16H"), struct.Struct("=8I200s")
SO_COOKIE, IPPROTO_MPTCP = 57, 262


def may_reset():
    """Whether this process is root and can list and reset connections."""
    return os.geteuid() == 0


class Helper(helpers.Helper):
    """shunt-reset, listening on a path; its configuration must be owned by root."""

    def __init__(self, case, config, prefix=(), user="nobody", socket_path=None):
        super().__init__(case, "shunt-reset", prefix=prefix)
        self.socket_path = socket_path or os.path.join(self.dir, "reset.sock")
        self.config_path = os.path.join(self.dir, "shunt.conf")
        os.chmod(self.dir, 0o755)
        self.write(config)
        self.command = [HELPER, "-c", self.config_path, "--user", user, "--socket", self.socket_path]
        if st.SANITIZED:  # LeakSanitizer cannot run at exit: almost all system calls are blocked
            self._env["ASAN_OPTIONS"] = "detect_leaks=0"

    def write(self, config):
        st.write_whole(self.config_path, config)
        os.chmod(self.config_path, 0o644)

    def children(self):
        """The child processes, one per connection, in the order of their start."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split() if self._lives(word)]

    @staticmethod
    def _lives(pid):
        try:
            return st.process_state(pid) not in "ZX"
        except (FileNotFoundError, ProcessLookupError):  # it has ended since it was listed
            return False


class Reply:
    def __init__(self, packet):
        fields = REPLY.unpack(packet)
        self.version, self.kind, self.job, self.found, self.reset, self.gone, self.kept, self.rate = fields[:-1]
        self.text = fields[-1].rstrip(b"\0").decode()

    def __repr__(self):
        return f"<{vars(self)}>"


class Asker(helpers.Asker):
    reply = Reply

    def __init__(self, helper, greet=True):
        super().__init__(helper)
        self.hello = self.read() if greet else None

    def send(self, address, ports, job=1, flags=0, version=VERSION, count=None):
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        bytes_ = socket.inet_pton(kind, address).ljust(16, b"\0")
        ports_ = (list(ports) + [0] * 16)[:16]
        packet = REQUEST.pack(version, job, flags, 6 if kind == socket.AF_INET6 else 4, 0, bytes_,
                              len(ports) if count is None else count, *ports_)
        self.socket.send(packet)

    def ask(self, address, ports, **options):
        """Both replies, or the refusal."""
        self.send(address, ports, **options)
        first = self.read()
        return (first, self.read()) if first.kind == FOUND else (first, None)


class Server:
    """Listens on addresses of a namespace; take() accepts."""

    def __init__(self, space, *places, protocol=0):
        self.space, self.places, self.protocol = space, places, protocol
        self.listeners = []

    def start(self):
        with self.space.inside():
            for address, port in self.places:
                listener = socket.socket(st.family_of(address), socket.SOCK_STREAM, self.protocol)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((address, port))
                listener.listen(4096)
                self.listeners.append(listener)

    def take(self, count):
        """Accept `count` connections."""
        for listener in self.listeners:
            listener.settimeout(st.PATIENCE)
        return [self.listeners[0].accept()[0] for _ in range(count)]

    def log(self):
        return ""

    def stop(self):
        for one in self.listeners:
            one.close()

    abandon = stop


def cookie(connection):
    return struct.unpack("Q", connection.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0]


def cookies(space, *filters):
    """The cookies of all TCP sockets in a namespace that match an ss filter; a cookie is never
    reused.
    """
    text = space.run("ss", "-Htane", *filters)
    return {int(found, 16) for found in re.findall(r"\bsk:([0-9a-f]+)", text)}


def error_of(connection):
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
