"""The servers of an endpoint: each tells the endpoint's name, in its own protocol. For those who stand in the lab's network."""
import os
import shutil
import subprocess
import sys

import shunttest as st
from test_programs import Postgres, Redis, Server, done

MONGO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "mongo.py")
PORTS = {"http": 8080, "redis": 6379, "postgres": 5432, "mysql": 3306, "mongo": 27017, "mqtt": 1883, "grpc": 50051, "nats": 4222}


class ManyPostgres(Postgres):
    """For pools: HikariCP opens ten connections."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.command += ["--max_connections=60"]


class OpenRedis(Redis):
    """For clients from addresses that are not loopback's."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.command += ["--protected-mode", "no"]


class Mysql(Server):
    def __init__(self, case, name, address, port, data):
        super().__init__(case, name, "mysql", address, port)
        own = os.path.join(self.dir, "data")
        done("cp", "-a", data, own)
        self.command = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={own}", f"--bind-address={address}", f"--port={port}",
                        f"--socket={self.dir}/socket", f"--pid-file={self.dir}/pid", "--skip-grant-tables", f"--report-host={name}",
                        "--innodb-buffer-pool-size=8M", "--key-buffer-size=1M", "--performance-schema=off"]  # fmt: skip


class Mosquitto(Server):
    """Has its name as a retained message."""

    def __init__(self, case, name, address, port):
        super().__init__(case, name, "mosquitto", address, port)
        self.endpoint = name
        with open(os.path.join(self.dir, "conf"), "w", encoding="ascii") as file:
            file.write(f"listener {port} {address}\nallow_anonymous true\nuser root\n")
        self.command = ["mosquitto", "-c", os.path.join(self.dir, "conf")]

    def ready(self):
        publish = ["mosquitto_pub", "-h", self.at, "-p", str(self.port), "-t", "endpoint", "-r", "-m", self.endpoint]
        return super().ready() and st.run(publish).returncode == 0


class Grpc(Server):
    PROGRAM = """if True:
        import concurrent.futures, grpc, sys
        name = sys.argv[1].encode()
        answer = grpc.unary_unary_rpc_method_handler(lambda request, context: name)
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shunt.Test", {"Name": answer}),))
        server.add_insecure_port(sys.argv[2])
        server.start()
        server.wait_for_termination()"""

    def __init__(self, case, name, address, port):
        super().__init__(case, name, "grpc", address, port)
        self.command = ["/usr/bin/python3", "-c", self.PROGRAM, name, f"{address}:{port}"]


class Nats(Server):
    def __init__(self, case, name, address, port):
        super().__init__(case, name, "nats", address, port)
        self.command = ["nats-server", "-a", address, "-p", str(port), "-n", name]


class Mongo(Server):
    """A stand-in: every command is answered as hello is, with the endpoint's name in it."""

    def __init__(self, case, name, address, port):
        super().__init__(case, name, "mongo", address, port)
        self.command = [sys.executable, MONGO, name, address, str(port)]


def make_mysql_data(case):
    data = case.path("mysql")
    done("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}", "--auth-root-authentication-method=normal",
         "--skip-test-db")  # fmt: skip
    return data


# service: the programs that its servers need
NEEDS = {
    "http": ("nginx",),
    "redis": ("redis-server",),
    "postgres": ("psql", "setpriv"),
    "mysql": ("mariadbd", "mariadb-install-db"),
    "mongo": (),
    "mqtt": ("mosquitto", "mosquitto_pub"),
    "grpc": (),
    "nats": ("nats-server",),
}


def has(service):
    if service == "grpc":
        return subprocess.run(["/usr/bin/python3", "-c", "import grpc"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return all(shutil.which(program) for program in NEEDS[service])
