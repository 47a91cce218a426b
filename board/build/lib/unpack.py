"""Unpacked packages, and what is where in the kernel's."""

import pathlib

from apt import deb_name
from common import OUT, Failure, fresh, run, step
from parts import DEBS

HOME = OUT / "parts" / "x"


def key(part):
    """The name under which a part is known whatever its version: for the kernel, the leading package's."""
    return part.get("via", part["name"])


def unpack(parts):
    """Unpacks every part; {key: folder}."""
    folders = {}
    for part in parts:
        folder = HOME / key(part)

        def extract(folder=folder, part=part):
            fresh(folder)
            run("dpkg-deb", "-x", DEBS / deb_name(part), folder)

        step(f"unpack-{key(part)}", [part["sha256"]], [folder], extract)
        folders[key(part)] = folder
    return folders


class Kernel:
    """The kernel package: Image, device trees, modules."""

    def __init__(self, folder: pathlib.Path):
        found = list((folder / "usr/lib/modules").glob("*")) or list((folder / "lib/modules").glob("*"))
        if len(found) != 1:
            raise Failure(f"{folder} has no kernel modules")
        self.modules = found[0]
        self.release = found[0].name
        self.image = folder / "boot" / f"vmlinuz-{self.release}"
        self.trees = folder / "usr/lib" / f"linux-image-{self.release}" / "broadcom"
