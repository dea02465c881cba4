#!/usr/bin/env python3
"""packaging/Containerfile, made into images by buildah, and conf/examples/kubernetes.yaml.

The base is the root of tests/packages/root in $B/root, or ROOTS, with what the packages need in apt's cache: no registry, no network.
The packages are in $B/deb, or DEBS. The images are run by chroot from their root file systems, in namespaces of their own: buildah needs no runtime for that, and there is
no cluster either.
"""
import json
import os
import re
import shutil
import unittest

import shunttest as st
from test_packages import CONFIG, NAME, PRIMARY, ROOTS, STANDBY, Packages

DEBS = os.environ.get("DEBS") or os.path.join(st.B, "deb")
YAML = os.path.join(st.ROOT, "conf", "examples", "kubernetes.yaml")


class Images(Packages):
    def setUp(self):
        super().setUp()
        st.need("buildah")
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        if not os.path.isdir(DEBS):
            raise unittest.SkipTest(f"there are no packages in {DEBS}")

        # AI_ADDRCONFIG wants addresses besides those of loopback.
        self.ns.add_address("192.0.2.99", "2001:db8::99")

    def buildah(self, *words, **options):
        store = ["--root", self.path("storage"), "--runroot", self.path("run"), "--storage-driver", "vfs"]
        done = st.run(["buildah", *store, *words], timeout=600, **options)
        if done.returncode != 0:
            raise AssertionError(f"buildah {words[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout.strip()

    def make_base(self):
        base = self.buildah("from", "scratch")
        self.buildah("copy", "--quiet", base, os.path.join(ROOTS, "bare"), "/")
        self.buildah("commit", "--quiet", base, "localhost/base")

    def make(self, target):
        """An image of the Containerfile: its description, and its root file system."""
        context = self.path(f"context-{target}")
        os.mkdir(context)
        for name in os.listdir(DEBS):
            if name.endswith(".deb"):
                shutil.copy(os.path.join(DEBS, name), context)
        self.buildah("bud", "--isolation", "chroot", "--build-arg", "BASE=localhost/base", "--target", target, "--tag", target,
                     "--file", os.path.join(st.ROOT, "packaging", "Containerfile"), context)  # fmt: skip
        container = self.buildah("from", f"localhost/{target}")
        described = json.loads(self.buildah("inspect", "--type", "image", f"localhost/{target}"))
        return described["OCIv1"]["config"], self.buildah("mount", container)

    def inside(self, root, *command):
        """A command in the image's root, which has the folder of the sockets and this network."""
        script = """mount --make-rprivate / && mount --bind "$1" "$0/run/shunt" && mount --bind /dev "$0/dev" &&
                    mount -t proc proc "$0/proc" && shift && exec "$@" """
        return [*self.ns.prefix, "unshare", "--mount", "sh", "-c", script, root, self.sockets, *command]

    def test_images(self):
        """the daemon's image runs as its user, and a program in an image with the NSS module, and one with the library, follow a failover"""
        self.make_base()
        about, daemon_root = self.make("daemon")
        _, client_root = self.make("client")
        self.assertEqual((about["Entrypoint"], about["User"]), (["/usr/sbin/shuntd"], "shunt:shunt"))
        self.assertEqual(sorted(about["Volumes"]), ["/run/shunt", "/var/lib/shunt"])
        self.serve()
        owner = os.stat(os.path.join(daemon_root, "run", "shunt"))
        self.assertNotEqual(owner.st_uid, 0)
        self.sockets = self.path("sockets")
        os.mkdir(self.sockets)
        os.chown(self.sockets, owner.st_uid, owner.st_gid)
        os.chmod(self.tmp, 0o755)
        st.write_whole(os.path.join(daemon_root, "etc", "shunt", "shunt.conf"), CONFIG)
        os.makedirs(os.path.join(client_root, "run", "shunt"), exist_ok=True)
        user = f"--userspec={owner.st_uid}:{owner.st_gid}"
        self.start(st.Process(self, "shuntd", self.inside(daemon_root, "chroot", user, daemon_root, *about["Entrypoint"])))
        shunt = self.inside(daemon_root, "chroot", user, daemon_root, "shunt", "status", "--json")
        st.wait_until(lambda: '"active": "primary"' in st.run(shunt).stdout, what="the daemon's image to answer")
        library = self.path("libshunt.so")
        shutil.copy(next(self.libraries(daemon_root)), library)
        clients = {
            "NSS": self.inside(client_root, "chroot", client_root, "getent", "ahostsv4", NAME),
            "library": [*self.inside(daemon_root, "chroot", daemon_root, "env"), "LD_PRELOAD=/run/shunt/libshunt.so", "getent", "ahostsv4", NAME],
        }
        shutil.copy(library, os.path.join(self.sockets, "libshunt.so"))
        self.answered(clients, PRIMARY)
        self.primary.kill()
        st.wait_until(lambda: '"active": "secondary"' in st.run(shunt).stdout, what="the failover")
        self.answered(clients, STANDBY)

    def libraries(self, root):
        for folder, _, names in os.walk(os.path.join(root, "usr", "lib")):
            if "libshunt.so" in names:
                yield os.path.join(folder, "libshunt.so")

    def answered(self, clients, address):
        for name, command in clients.items():
            with self.subTest(name):
                st.unhurried(lambda command=command: self.check(command, address))

    def check(self, command, address):
        done = st.run(command)
        self.assertEqual(done.stdout.split()[:1], [address], done.stderr)


class Kubernetes(st.Case):
    def setUp(self):
        super().setUp()
        try:
            import yaml
        except ImportError as error:
            raise unittest.SkipTest(f"{error}") from None
        with open(YAML, encoding="utf-8") as file:
            self.parts = {part["kind"]: part for part in yaml.safe_load_all(file)}

    def test_configuration(self):
        """the configuration of the ConfigMap loads"""
        path = self.write("shunt.conf", self.parts["ConfigMap"]["data"]["shunt.conf"])
        done = st.run([st.SHUNTD, "-t", "-c", path])
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_volumes(self):
        """each mount is of a volume, each volume is mounted, and the pod looks where the daemon's set puts things"""
        specs = {"DaemonSet": self.parts["DaemonSet"]["spec"]["template"]["spec"], "Pod": self.parts["Pod"]["spec"]}
        for kind, spec in specs.items():
            volumes = {volume["name"]: volume for volume in spec["volumes"]}
            mounts = [mount for part in spec["containers"] + spec.get("initContainers", []) for mount in part["volumeMounts"]]
            self.assertEqual({mount["name"] for mount in mounts}, set(volumes), kind)
        paths = {kind: {volume["name"]: volume["hostPath"]["path"] for volume in spec["volumes"] if "hostPath" in volume} for kind, spec in specs.items()}
        for name, path in paths["Pod"].items():
            self.assertEqual(path, paths["DaemonSet"][name])
        (preload,) = [env["value"] for env in specs["Pod"]["containers"][0]["env"] if env["name"] == "LD_PRELOAD"]
        self.assertTrue(re.search(rf"mv \S+ {re.escape(preload)}$", specs["DaemonSet"]["initContainers"][0]["args"][0].strip()))
        self.assertEqual(self.parts["DaemonSet"]["spec"]["selector"]["matchLabels"],
                         self.parts["DaemonSet"]["spec"]["template"]["metadata"]["labels"])  # fmt: skip
        self.assertEqual(specs["DaemonSet"]["volumes"][-1]["configMap"]["name"], self.parts["ConfigMap"]["metadata"]["name"])


if __name__ == "__main__":
    st.main()
