#!/usr/bin/env python3
"""The packages as a new user meets them: installed by apt into a bare Debian, used by the recipes of the manual, and purged.

Each test has a Debian of its own, a copy on write of what tests/packages/root makes in $B/root, or in ROOTS. One boots, with a
real systemd as its first process; the other has no systemd at all. Neither has a network: apt has in its cache what it needs.
"""
import os
import re
import signal
import subprocess

import shunttest as st

ROOTS = os.environ.get("ROOTS") or os.path.join(st.B, "root")
NAMES = ("shunt", "libshunt", "libnss-shunt")
PACKAGES = [f"/srv/packages/{name}_*.deb" for name in NAMES]
APT = "apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends"
PORT, PRIMARY, STANDBY = 8080, "127.0.0.2", "127.0.0.3"
NAME = "www.example.com"
LOOPER_32 = st.LOOPER.replace("/support/", "/support32/")
CONFIG = f"""
checks: {{ web: {{ type = "http"; port = {PORT}; interval = "300ms"; fast_interval = "100ms"; timeout = "2s"; fall = 2; rise = 1; }}; }};
records: ( {{ name = "{NAME}";
    primary: {{ address = "{PRIMARY}"; check = "web"; }}; secondary: {{ address = "{STANDBY}"; check = "web"; }}; }} );
"""
URL = f"http://{NAME}:{PORT}/"
# What apt and dpkg note and keep, backups of the files of users, and caches: not the packages' own.
NOT_OURS = re.compile(
    r"/(var/(log|cache|lib/apt)|tmp)/|/var/lib/dpkg/status(-old)?$"
    r"|/etc/(passwd|group|shadow|gshadow)-$|/etc/\.pwd\.lock$"
)


class Root(st.Process):
    """A Debian, on a tmpfs above the tree, in the namespaces of a process that lives until it is stopped."""

    tree = "bare"
    SETUP = """set -e
        mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" "$1/root"
        mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
        """
    RUN = """mount -t proc proc "$1/root/proc"
        mount -t devtmpfs devtmpfs "$1/root/dev" 2>/dev/null || mount --bind /dev "$1/root/dev"
        touch "$1/ready"
        mount --make-rprivate / && cd "$1/root" && pivot_root . mnt && umount -l /mnt
        exec sleep infinity"""

    def __init__(self, case, ns, name="root"):
        prefix = [*ns.prefix, "unshare", "--mount", "--pid", "--fork", "--kill-child"]
        super().__init__(case, name, prefix=prefix)
        self.command = ["sh", "-c", self.SETUP + self.RUN, "sh", self.dir, os.path.join(ROOTS, self.tree)]

    @property
    def first(self):
        """The process that has number 1 inside; ValueError while there is none."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
            (first,) = file.read().split()
        return first

    def ready(self):
        return st.run(self.inside("test", "!", "-e", "/upper", "-a", "-e", "/srv/packages")).returncode == 0

    def inside(self, *command):
        """The words that run a command in here."""
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive"]
        return ["nsenter", f"--target={self.first}", "--all", "--", *clean, *command]

    def sh(self, script, status=0):
        """Runs a script; AssertionError unless it ends with that status (None: any). Returns what it said on standard output."""
        done = st.run(self.inside("sh", "-c", script), timeout=240)
        if status not in (None, done.returncode):
            raise AssertionError(f"{script}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def put(self, path, text):
        done = st.run(self.inside("sh", "-c", 'cat >"$1"', "sh", path), input=text, stdin=None)
        if done.returncode != 0:
            raise AssertionError(f"{path}: {done.stderr}")

    def files(self):
        """{path: its kind, rights, owner, and what is in it} of all that the packages may have to do with."""
        listing = self.sh(r"find / -xdev -printf '%p\t%y %m %u:%g %l\n'")
        found = dict(line.split("\t") for line in listing.splitlines())
        sums = self.sh(r"find / -xdev -path /var/cache -prune -o -type f -print0 | xargs -0 sha1sum")
        for line in sums.splitlines():
            digest, path = line.split("  ", 1)
            found[path] = f"{found.get(path)} {digest}"
        return {path: what for path, what in found.items() if not NOT_OURS.search(path)}

    def install(self, *more):
        self.sh(f"{APT} install {' '.join([*PACKAGES, *more])}")

    def purge(self, *more):
        """With what came along, also where a package that stays recommends it, as Debian 13's libc6 does libidn2."""
        apt = f"{APT} -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false --purge"
        self.sh(f"{apt} autoremove {' '.join([*NAMES, *more])}")
        self.sh(f"{apt} autoremove")  # Debian 13's apt sees some of it only now


class Machine(Root):
    """A Root that boots: systemd is its first process, as on a host."""

    tree = "system"
    RUN = """exec systemd-nspawn --quiet --register=no --keep-unit --settings=no --boot --directory="$1/root" --hostname=debian \
        --network-namespace-path="$3" --link-journal=no --resolv-conf=off --timezone=off --console=read-only \
        --bind-ro="$4" --bind-ro="$5:/srv/container" -- --show-status=no"""

    def __init__(self, case, ns, name="machine"):
        super().__init__(case, ns, name)
        self.prefix = ["unshare", "--mount"]
        tree = [os.path.join(ROOTS, tree) for tree in (self.tree, "bare")]
        self.words = ["sh", self.dir, tree[0], f"/run/netns/{ns.name}", st.B, tree[1]]
        self.command = ["sh", "-c", self.SETUP + self.RUN, *self.words]

    def ready(self):
        done = st.run(self.inside("systemctl", "is-system-running"))
        return done.stdout.strip() in ("running", "degraded")

    def stop(self):
        """Shuts it down, as a machine is."""
        if self.running:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                pass
        super().stop()


class UnifiedMachine(Machine):
    """One for whose systemd nspawn mounts cgroup v2, though the host has v1: in a group of its own, where no other machine is."""

    MOUNT = """mkdir "$1/v1" "$1/v2" && mount -t cgroup2 cgroup2 "$1/v2" && mount -t cgroup -o none,name=systemd systemd "$1/v1"
        """
    ENTER = """for group in "$1/v1/$6" "$1/v2/$6"; do mkdir "$group" && echo $$ >"$group/cgroup.procs"; done
        umount "$1/v1" "$1/v2"
        export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
        """
    LEAVE = """mount -t tmpfs tmpfs "$1" && mkdir "$1/v1" "$1/v2"
        mount -t cgroup2 cgroup2 "$1/v2"; mount -t cgroup -o none,name=systemd systemd "$1/v1"
        find "$1/v1/$2" "$1/v2/$2" -depth -type d -exec rmdir {} +"""

    def __init__(self, case, ns, name="machine"):
        super().__init__(case, ns, name)
        self.group = f"shunt-{ns.name}"
        self.command = ["sh", "-c", self.SETUP + self.MOUNT + self.ENTER + self.RUN, *self.words, self.group]

    def stop(self):
        super().stop()
        st.run(["unshare", "--mount", "sh", "-c", self.LEAVE, "sh", self.dir, self.group])


class Packages(st.Case):
    seconds = 600

    def setUp(self):
        super().setUp()
        self.ns = self.start(st.NetNs())

    def boot(self):
        """A machine that has booted; from systemd 258 on that takes cgroup v2, whatever the host has."""
        try:
            return self.start(Machine(self, self.ns))
        except AssertionError as error:
            if "unsupported legacy cgroup hierarchy" not in str(error):
                raise
        return self.start(UnifiedMachine(self, self.ns))

    def serve(self):
        """The two web servers, each of which says who it is."""
        self.primary, self.standby = (
            self.start(st.Nginx(self, name, address, PORT, prefix=self.ns.prefix))
            for name, address in (("primary", PRIMARY), ("standby", STANDBY))
        )

    def looks(self, root, script, *wanted):
        """The script, which looks up a name, says these words."""
        st.unhurried(lambda: self.assertEqual(root.sh(script, status=None).split(), list(wanted)))

    def wait_active(self, root, endpoint):
        st.wait_until(lambda: f'"active": "{endpoint}"' in self.shown(root), what=f"{endpoint} to answer")

    def shown(self, root):
        return st.run(root.inside("shunt", "status", "--json")).stdout

    def same(self, before, after):
        """Nothing has come, gone or changed."""
        names = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        self.assertEqual([(path, before.get(path), after.get(path)) for path in names], [])


class Service(Packages):
    def test_life(self):
        """a host with systemd: installed, configured, used in every way, upgraded, removed, purged, and nothing is left"""
        machine = self.boot()
        before = machine.files()
        machine.install()
        self.fresh(machine)
        self.serve()
        self.configured(machine)
        self.manual(machine)
        self.one_service(machine)
        self.container(machine)
        self.upgrade(machine)
        self.whole_host(machine)
        self.removed(machine)
        machine.purge()
        machine.sh("! getent passwd shunt && ! getent group shunt")
        machine.sh("test ! -e /etc/shunt -a ! -e /var/lib/shunt -a ! -e /run/shunt")
        machine.sh("rm -r /etc/systemd/system/app.service.d /etc/systemd/system/app.service")
        self.same(before, machine.files())

    def fresh(self, machine):
        """The service runs, is enabled, and answers nothing yet."""
        self.assertEqual(machine.sh("systemctl is-enabled shuntd; systemctl is-active shuntd"), "enabled\nactive\n")
        self.assertEqual(machine.sh("stat -c '%n %U:%G %a' /run/shunt /var/lib/shunt"), "/run/shunt shunt:shunt 755\n/var/lib/shunt shunt:shunt 700\n")
        self.assertEqual(machine.sh("ps -o user= -C shuntd 2>/dev/null || stat -c %U /proc/$(systemctl show -P MainPID shuntd)"), "shunt\n")
        machine.sh("shuntd -t")
        self.assertIn('"records": []', machine.sh("shunt status --json"))
        self.note("status of a fresh installation: " + machine.sh("shunt status").strip().replace("\n", " / "))
        figure = machine.sh("systemd-analyze security --no-pager shuntd | tail -n 1")
        self.note(figure.strip())
        self.assertLessEqual(float(re.search(r"shuntd.service: ([\d.]+)", figure).group(1)), 1.5)
        self.assertEqual(machine.sh("systemd-analyze verify shuntd.service 2>&1"), "")

    def configured(self, machine):
        """Another configuration is taken by a reload, and a bad one changes nothing and is said to."""
        machine.put("/etc/shunt/shunt.conf", "records: nonsense")
        machine.sh("systemctl reload shuntd", status=1)
        machine.put("/etc/shunt/shunt.conf", CONFIG)
        machine.sh("shuntd -t && systemctl reload shuntd")
        self.wait_active(machine, "primary")
        self.looks(machine, f"shunt run -- curl -sS {URL}", "primary")
        self.looks(machine, f"LD_PRELOAD='/usr/$LIB/libshunt.so' curl -sS {URL}", "primary")
        self.primary.kill()
        self.wait_active(machine, "secondary")
        self.looks(machine, f"shunt run -- curl -sS {URL}", "standby")
        self.primary.start()
        self.wait_active(machine, "primary")
        self.assertIn("secondary", machine.sh("journalctl -u shuntd -o cat"))

    def manual(self, machine):
        for page in ("1 shunt", "8 shuntd", "5 shunt.conf", "7 libshunt", "8 nss-shunt"):
            text = machine.sh(f"MANWIDTH=80 man {page} 2>&1 | cat")
            self.assertIn("SEE ALSO", text, page)

    def one_service(self, machine):
        """The drop-in of the examples, copied as it says."""
        machine.put("/etc/systemd/system/app.service", f"[Service]\nType=oneshot\nExecStart=/usr/bin/curl -sS {URL}\n")
        machine.sh("systemctl daemon-reload; systemctl start app", status=1)
        folder = "/etc/systemd/system/app.service.d"
        machine.sh(f"mkdir -p {folder} && cp /usr/share/doc/shunt/examples/preload.conf {folder}/shunt.conf")
        machine.sh("systemctl daemon-reload")
        st.unhurried(lambda: machine.sh("systemctl start app"))
        self.assertIn("primary\n", machine.sh("journalctl -u app -o cat --no-pager"))

    def container(self, machine):
        """Another root without a network, with the folder of the sockets and the library: recipe of libshunt(7)."""
        script = f"""set -e
            mount --make-rprivate /
            cd /srv/container
            mount -t tmpfs tmpfs run && mkdir run/shunt && mount --bind -o ro /run/shunt run/shunt
            mount -t tmpfs tmpfs mnt && touch mnt/libshunt.so && mount --bind -o ro /usr/lib/*/libshunt.so mnt/libshunt.so
            cat >mnt/look
            exec chroot . env -i LD_PRELOAD=/mnt/libshunt.so sh /mnt/look"""
        look = f"""
            look() {{ getent ahosts {NAME} || getent ahosts {NAME} || getent ahosts {NAME} || echo none; }}
            look
            read restarted
            look"""
        command = machine.inside("unshare", "--mount", "--net", "sh", "-c", script.replace("cat >mnt/look", f"cat >mnt/look <<'END'\n{look}\nEND"))
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            first = process.stdout.readline()
            self.assertEqual(first.split()[:1], [PRIMARY], first)
            machine.sh("systemctl restart shuntd")
            self.wait_active(machine, "primary")
            rest, _ = process.communicate("restarted\n", timeout=60)
        self.assertEqual([line.split()[0] for line in rest.splitlines()][-3:], [PRIMARY] * 3, "once for each type of socket")

    def upgrade(self, machine):
        """A running program is served all the time, and the daemon is another one after it."""
        looper = st.Looper(self, NAME, None, env=st.clean_env(), attaches=True)
        looper.command = machine.inside("env", "LD_PRELOAD=/usr/$LIB/libshunt.so", *looper.command)
        self.start(looper)
        looper.wait_answer(PRIMARY)
        pid = machine.sh("systemctl show -P MainPID shuntd")
        inode = machine.sh("stat -c %i /usr/lib/*/libshunt.so")
        machine.sh(f"{APT} install --reinstall {' '.join(PACKAGES)}")
        self.assertNotEqual(machine.sh("systemctl show -P MainPID shuntd"), pid)
        self.assertNotEqual(machine.sh("stat -c %i /usr/lib/*/libshunt.so"), inode)
        self.wait_active(machine, "primary")
        tables = looper.report()["tables"]
        self.primary.kill()
        looper.wait_answer(STANDBY)
        self.assertEqual((looper.answers(), tables), ({PRIMARY, STANDBY}, 1))
        self.primary.start()
        looper.wait_answer(PRIMARY)
        looper.stop()

    def whole_host(self, machine):
        """The line of nss-shunt(8), for programs that nobody preloads anything into; before it, those of 32 bits that somebody does."""
        machine.sh(f"{APT} install libc6-i386")
        preload = "LD_PRELOAD='/usr/$LIB/libshunt.so'"
        self.assertIn(" EAI_", machine.sh(f"{LOOPER_32} -1 {NAME}", status=None))
        st.unhurried(lambda: self.assertIn(f" {PRIMARY}\n", machine.sh(f"{preload} {LOOPER_32} -1 {NAME}", status=None)))
        machine.sh(f"getent hosts {NAME}", status=2)
        machine.sh("sed -i 's/^hosts:[[:space:]]*/&shunt [NOTFOUND=return] /' /etc/nsswitch.conf && grep '^hosts: *shunt' /etc/nsswitch.conf")
        self.looks(machine, f"getent hosts {NAME}", PRIMARY, NAME)
        self.looks(machine, f"curl -sS {URL}", "primary")
        machine.put("/etc/hosts", "192.0.2.77 file.example.com\n")
        self.assertEqual(machine.sh("getent hosts file.example.com; rm /etc/hosts").split(), ["192.0.2.77", "file.example.com"])
        st.unhurried(lambda: self.assertIn(f" {PRIMARY}\n", machine.sh(f"{LOOPER_32} -1 {NAME}", status=None)))
        machine.sh(f"{APT} --purge autoremove libc6-i386")

    def removed(self, machine):
        """No source is left in nsswitch.conf, in whatever form it stood there, and all else in it is as it was."""
        original = machine.sh("cat /srv/container/etc/nsswitch.conf 2>/dev/null || cat /usr/share/libc-bin/nsswitch.conf")
        lines = (
            ("hosts: shunt [NOTFOUND=return] files dns", "hosts: files dns"),
            ("hosts:\tfiles shunt dns", "hosts:\tfiles dns"),
            ("hosts:shunt[NOTFOUND=return] [!UNAVAIL=return] files", "hosts:files"),
            ("hosts: files [NOTFOUND=return] shunt", "hosts: files [NOTFOUND=return] "),
            ("hosts: files shuntx myshunt", "hosts: files shuntx myshunt"),
            ("passwd: files shunt", "passwd: files shunt"),
        )
        machine.put("/etc/nsswitch.conf", "".join(f"{line}\n" for line, _ in lines))
        machine.sh(f"{APT} remove {' '.join(NAMES)}")
        self.assertEqual(machine.sh("cat /etc/nsswitch.conf"), "".join(f"{line}\n" for _, line in lines))
        machine.put("/etc/nsswitch.conf", original)
        machine.sh("test ! -e /run/shunt -a -e /etc/shunt/shunt.conf -a -d /var/lib/shunt")
        self.assertNotEqual(machine.sh("systemctl is-active shuntd; :"), "active\n")


class Bare(Packages):
    def test_life(self):
        """a root without systemd: installed, the daemon started by hand, a client answered, purged, and nothing is left"""
        root = self.start(Root(self, self.ns))
        # Sid's base system declares a group that only this makes.
        root.sh(f"{APT} install systemd-standalone-sysusers && systemd-sysusers && {APT} --purge autoremove systemd-standalone-sysusers")
        before = root.files()
        root.install("systemd-standalone-sysusers")
        root.sh("getent passwd shunt && getent group shunt && test ! -e /run/systemd && shuntd -t")
        self.serve()
        daemon = self.start(st.Process(self, "shuntd", root.inside("setpriv", "--reuid=shunt", "--regid=shunt", "--clear-groups", "shuntd")))
        st.wait_until(lambda: '"records": []' in self.shown(root), what="the daemon to answer")
        root.put("/etc/shunt/shunt.conf", CONFIG)
        root.sh("shunt reload")
        self.wait_active(root, "primary")
        self.looks(root, f"LD_PRELOAD='/usr/$LIB/libshunt.so' getent hosts {NAME}", PRIMARY, NAME)
        daemon.kill()
        root.purge("systemd-standalone-sysusers")
        root.sh("! getent passwd shunt && ! getent group shunt && test ! -e /run/shunt")
        self.same(before, root.files())


if __name__ == "__main__":
    st.main(jobs=2)
