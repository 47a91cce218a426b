#!/usr/bin/env python3
"""Every enabled node of the five boards' device trees has a driver: built in, a module that ships, or an exception with a reason.

Run after board/build/image. Exceptions: board/kernel/dt-exceptions.list, `compatible  reason`; one that is not needed fails too.
"""

import pathlib
import re
import struct
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "board" / "build" / "lib"))
sys.dont_write_bytecode = True

from common import OUT, run  # noqa: E402
from slot import TREES  # noqa: E402

BOOT = OUT / "boot"
EXCEPTIONS = TOP / "board" / "kernel" / "dt-exceptions.list"
ENTRY = 128  # bytes of `compatible` in the kernel's struct of_device_id, NUL-padded


def nodes(blob):
    """(path, {property: bytes}) of every node of a flattened device tree (Devicetree Specification 0.4, chapter 5)."""
    magic, _, at, strings = struct.unpack(">4I", blob[:16])
    assert magic == 0xD00DFEED, "not a device tree"
    path, found = [], []
    while True:
        (token,) = struct.unpack(">I", blob[at:at + 4])
        at += 4
        if token == 1:
            end = blob.index(b"\0", at)
            path.append((blob[at:end].decode(), {}))
            found.append(("/".join(name for name, _ in path) or "/", path[-1][1]))
            at = (end + 4) & ~3
        elif token == 2:
            path.pop()
        elif token == 3:
            size, name = struct.unpack(">2I", blob[at:at + 8])
            start = strings + name
            path[-1][1][blob[start:blob.index(b"\0", start)].decode()] = blob[at + 8:at + 8 + size]
            at = (at + 8 + size + 3) & ~3
        elif token == 9:
            return found


def enabled(tree):
    """{path: [compatible]} of nodes that are on, their parents too."""
    off, found = [], {}
    for path, properties in tree:
        if properties.get("status", b"okay").rstrip(b"\0") not in (b"okay", b"ok"):
            off.append(path + "/")
        elif "compatible" in properties and not any(path.startswith(o) for o in off):
            found[path] = properties["compatible"].rstrip(b"\0").decode().split("\0")
    return found


def aliases(text):
    """Compatible strings of `of:` aliases."""
    return set(re.findall(r"of:N[^T\s]*T[^C\s]*C([^\s\0*]+?)(?:C\*)?(?=[\s\0]|$)", text))


def main():
    """Checks all trees."""
    with tempfile.TemporaryDirectory(prefix="hotspot-trees-", dir="/var/tmp") as work:
        return check(pathlib.Path(work))


def check(work):
    """Checks all trees against the modules that the root has."""
    run("unsquashfs", "-q", "-n", "-d", work / "root", OUT / "root.squashfs", "usr/lib/modules")
    release = next((work / "root/usr/lib/modules").iterdir())
    # PARTS=debian's kernel, or Buildroot's.
    maker, image = next((maker, path.read_bytes()) for maker, pattern in (("debian", "parts/x/linux-image-arm64/boot/vmlinuz-*"), ("source", "../images/Image"))
                        for path in OUT.glob(pattern))
    built_in = aliases((release / "modules.builtin.modinfo").read_text(errors="replace"))
    shipped = aliases((release / "modules.alias").read_text())
    lines = [line.split(None, 1) for line in EXCEPTIONS.read_text().splitlines() if line and not line.startswith("#")]
    # A kernel's own exceptions do not count for the other.
    excepted, used = {name: why for name, why in lines if why.partition(":")[0] not in {"debian", "source"} - {maker}}, set()
    counts, missing = {"built in": 0, "module": 0, "exception": 0}, {}

    def kind(names):
        if any(n in built_in for n in names):
            return "built in"
        # Drivers that start before modules (interrupts, clocks, timers) have match tables in the Image, but no alias.
        if any(n.encode().ljust(ENTRY, b"\0") in image for n in names):
            return "built in"
        if any(n in shipped for n in names):
            return "module"
        for name in names:
            if name in excepted:
                used.add(name)
                return "exception"
        return None

    for tree in TREES.values():
        for path, names in enabled(nodes((BOOT / tree).read_bytes())).items():
            how = kind(names)
            if how:
                counts[how] += 1
            else:
                missing.setdefault(" ".join(names), []).append(f"{tree}:{path}")
    for names, places in sorted(missing.items()):
        print(f"FAILED: nothing drives {names} ({places[0]}{' and more' if len(places) > 1 else ''}): ship the module or name the exception")
    unused = sorted(set(excepted) - used)
    for name in unused:
        print(f"FAILED: the exception {name} is not needed")
    print("nodes: " + ", ".join(f"{n} {word}" for word, n in counts.items()))
    print(f"{sum(counts.values())} passed, {len(missing) + len(unused)} failed")
    return 1 if missing or unused else 0


sys.exit(main())
