"""`make image PARTS=buildroot`: a Buildroot tree, what has to hold before anything is built, and the build."""

import os
import shutil

import brmake
import brtree
import common
import keys
import lab
from common import OUT, TOP, Failure, say

EXTERNAL = TOP / "buildroot-external"
FRAGMENTS = EXTERNAL / "fragments"
HOME = OUT / "buildroot"
DEFCONFIGS = {"pi": ("base", "pi", "online"), "qemu": ("base", "qemu", "online")}


def output():
    """Buildroot's output folder."""
    return HOME / "output"


def image():
    """Builds out/p2p-hotspot.img with Buildroot."""
    tree = brtree.ready(HOME)
    # Made here where they are missing: Buildroot's hooks have not this computer's cargo.
    keys.root()
    brmake.configure(tree, output(), [FRAGMENTS / f"{name}.config" for name in ("base", "pi", "online")])
    brmake.build(output(), HOME / "build.log")
    take(output())
    return 0


def take(folder):
    """Puts what was built where PARTS=debian leaves it, and marks that as not being PARTS=debian's."""
    work = folder / "hotspot"
    for name in ("p2p-hotspot.img", "slot.img", "p2p-hotspot.spdx.json"):
        target = OUT / name
        target.unlink(missing_ok=True)
        try:
            os.link(work / name, target)
        except OSError:
            shutil.copyfile(work / name, target)
    for name in ("sbom", "slot"):
        (OUT / "stamps" / name).unlink(missing_ok=True)
    (OUT / "stamps").mkdir(exist_ok=True)
    (OUT / "stamps" / "card").write_text(f"buildroot {common.sha256(work / 'slot.img')}")
    lab.add_kernel(work)
    say(f"{OUT / 'p2p-hotspot.img'} (from source; slot payload {(OUT / 'slot.img').stat().st_size / 1e6:.1f} MB)")


def menuconfig(target):
    """Buildroot's own editors: `menuconfig` or `linux-menuconfig`, saved back into our fragments."""
    tree = brtree.ready(HOME)
    files = [FRAGMENTS / f"{name}.config" for name in ("base", "pi", "online")]
    brmake.configure(tree, output(), files)
    if target == "menuconfig":
        brmake.edit(output(), files)
    else:
        brmake.edit_linux(output(), EXTERNAL / "board" / "linux")


def defconfigs():
    """Writes configs/ from the fragments: users of Buildroot name one file."""
    for name, parts in DEFCONFIGS.items():
        text = "".join((FRAGMENTS / f"{part}.config").read_text() for part in parts)
        (EXTERNAL / f"configs/p2p_hotspot_{name}_defconfig").write_text(text)


def main(args):
    """Entry point of board/build/menuconfig."""
    if args not in (["menuconfig"], ["linux-menuconfig"], ["defconfigs"]):
        raise Failure("usage: board/build/menuconfig menuconfig|linux-menuconfig|defconfigs")
    if args != ["defconfigs"]:
        menuconfig(args[0])
    defconfigs()
    return 0
