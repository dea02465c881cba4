#!/usr/bin/env python3
"""What the two libraries ask of the C library: nothing that glibc 2.34 lacks, from whichever release they were built on."""
import os
import re

import shunttest as st

# The oldest glibc that a program may have which the library is loaded into. Debian 12 has 2.36, Ubuntu 22.04 has 2.35, RHEL 9 has 2.34.
OLDEST = (2, 34)


def libraries():
    """Each library of each width."""
    for folder, _, names in os.walk(st.B):
        if os.path.relpath(folder, st.B).split(os.sep)[0].startswith("lib"):
            yield from (os.path.join(folder, name) for name in sorted(names) if ".so" in name)


def versions(library):
    """{version: [symbol, ...]} of what a library needs; and the versions of which it names no symbol, as GLIBC_ABI_DT_RELR."""
    needed = {name: [] for name in re.findall(r"Name: (\S+)", needs(library))}
    for line in st.run(["nm", "-D", "--undefined-only", library]).stdout.splitlines():
        symbol, _, version = line.split()[-1].partition("@")
        if version:
            needed.setdefault(version, []).append(symbol)
    return needed


def needs(library):
    """The part of readelf -V about what others have to define."""
    text = st.run(["readelf", "-VW", library]).stdout
    return text[text.find("Version needs section") :] if "Version needs section" in text else ""


def is_old(version):
    number = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", version)
    return number is not None and tuple(map(int, number.groups())) <= OLDEST


class Symbols(st.Case):
    def test_versions(self):
        """no library of any width needs a version of glibc's symbols beyond 2.34"""
        st.need("nm", "readelf")
        found = list(libraries())
        self.assertGreaterEqual(len(found), 2)
        for library in found:
            with self.subTest(library=os.path.relpath(library, st.B)):
                needed = versions(library)
                self.assertIn("fstat", sum(needed.values(), []), "the versions could not be read")
                self.assertEqual({version: names for version, names in needed.items() if not is_old(version)}, {})
                self.note(f"{os.path.relpath(library, st.B)}: {len(needed)} versions, {sum(map(len, needed.values()))} functions")


if __name__ == "__main__":
    st.main()
