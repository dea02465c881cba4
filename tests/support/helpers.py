"""What doors and resets share: a helper that listens on a path, and the daemon's end of its socket."""
import os
import socket

import shunttest as st


class Helper(st.Process):
    """`socket_path` and `command` are set by the subclass."""

    def __init__(self, case, name, prefix=()):
        super().__init__(case, name, prefix=prefix)
        os.chmod(case.tmp, 0o755)

    def ready(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as attempt:
            return attempt.connect_ex(self.socket_path) == 0


class Asker:
    """The daemon's end of the helper's socket, able to send every kind of invalid request.

    `reply`: the subclass's class of replies, made of a packet.
    """

    reply = None

    def __init__(self, helper):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(st.PATIENCE)
        self.socket.connect(helper.socket_path)

    def start(self):
        pass

    def log(self):
        return ""

    def stop(self):
        self.socket.close()

    abandon = stop

    def read(self):
        """The next reply, or None at end of file."""
        packet = self.socket.recv(4096)
        return self.reply(packet) if packet else None
