"""What Buildroot's post-build, post-fakeroot and post-image scripts do, with the code that PARTS=debian uses too.

The output folder (HOTSPOT_OUT) is Buildroot's O=/hotspot; buildroot-external/external.mk leaves there what the packages knew.
"""

import os
import pathlib
import shutil

import boot
import brpackages
import compose
import kconfig
import root
from common import BOARD, OUT, TOP, Failure, sha256
from modules import Modules, wanted

EXTERNAL = TOP / "buildroot-external"
FIRMWARE = EXTERNAL / "board" / "firmware.list"
# Of Buildroot's root, what a box has no use for; /etc is a tmpfs that overlay/usr/share/hotspot/etc fills.
SURPLUS = ("etc", "media", "opt", "root", "linuxrc", "lib64", "usr/lib64", "usr/share/ca-certificates", "usr/share/dbus-1", "usr/lib/gconv",
           "usr/share/et", "usr/share/ss", "usr/bin/compile_et", "usr/bin/mk_cmds", "usr/lib/libgomp.so*", "usr/lib/libatomic.so*",
           "THIS_IS_NOT_YOUR_ROOT_FILESYSTEM", "usr/lib/os-release", "usr/share/locale", "usr/share/udhcpc", "var", "run", "dev")


class Kernel:
    """Buildroot's kernel: Image, device trees, all modules."""

    def __init__(self, binaries):
        found = list((OUT / "kernel/lib/modules").glob("*"))
        if len(found) != 1:
            raise Failure(f"{OUT / 'kernel'} has no kernel modules: `make linux-reinstall` in Buildroot's output folder")
        self.modules, self.release = found[0], found[0].name
        self.image, self.trees = binaries / "Image", binaries


def post_build(target):
    """Checks that every line of ours stands, that BusyBox is what the list says; accounts for the users; writes the bill of materials."""
    kconfig.check_all(OUT, pathlib.Path(os.environ["BASE_DIR"]) / ".config")
    check_applets(target)
    # Buildroot adds the package's users to these and stops where they differ.
    for name in ("passwd", "group"):
        shutil.copyfile(TOP / "overlay/usr/share/hotspot/etc" / name, target / "etc" / name)
    brpackages.bill()


def check_applets(target):
    """BusyBox has just the programs of board/busybox.list."""
    found = {p.name for folder in ("usr/bin", "usr/sbin") for p in (target / folder).iterdir() if p.is_symlink() and p.resolve().name == "busybox"}
    listed = set(root.words(BOARD / "busybox.list"))
    if found - listed:
        raise Failure(f"BusyBox has {' '.join(sorted(found - listed))}: switch that off in buildroot-external/board/busybox/busybox.config")
    if listed - found:
        raise Failure(f"BusyBox lacks {' '.join(sorted(listed - found))}: switch that on in buildroot-external/board/busybox/busybox.config")


def post_fakeroot(target):
    """The copy of the root that becomes the squashfs: modules, firmware, licences, certificates; nothing that the box has no use for."""
    root.certificates(target, target)
    brpackages.licence_texts(target)
    shutil.copyfile(target / "etc/mke2fs.conf", target / "usr/share/hotspot/etc/mke2fs.conf")
    for path in [found for name in SURPLUS for found in target.glob(name)]:
        if path.is_symlink() or path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)
    for name in root.FOLDERS:
        (target / name).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target / "usr/lib/modules", ignore_errors=True)
    modules, names = Modules(Kernel(pathlib.Path(os.environ["BINARIES_DIR"]))), wanted()
    modules.install(modules.closure(names["initramfs"] + names["root"]), target)
    keep_firmware(target / "usr/lib/firmware")
    root.label(target, brpackages.FILE)
    root.modes(target)
    root.check_libraries(target)


def keep_firmware(home):
    """Only the firmware that firmware.list names, and what its links lead to."""
    kept = set()
    for pattern in root.words(FIRMWARE):
        found = list(home.glob(pattern))
        if not found:
            raise Failure(f"no firmware {pattern}: change buildroot-external/board/firmware.list")
        for path in found:
            kept |= {path, path.resolve()}
    for path in sorted(home.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept:
            path.unlink()


def post_image(binaries):
    """Slot and card from Buildroot's images."""
    shutil.copyfile(binaries / "rootfs.squashfs", root.SQUASHFS)
    for name in ("regulatory.db", "regulatory.db.p7s"):
        shutil.copyfile(pathlib.Path(os.environ["TARGET_DIR"]) / "usr/lib/firmware" / name, OUT / name)
    pi = (binaries / "rpi-firmware").is_dir()
    before = boot.Before(binaries / "rpi-firmware" if pi else None, binaries / "u-boot.bin" if pi else None, terms(pi))
    files = [binaries / "Image", *sorted(binaries.glob("*.dtb")), *([binaries / "u-boot.bin"] if pi else []), *sorted(binaries.glob("rpi-firmware/*"))]
    compose.card_of(Kernel(binaries), before, [(path.name, sha256(path)) for path in files])
    for name in ("p2p-hotspot.img", "slot.img"):
        target = binaries / name
        target.unlink(missing_ok=True)
        os.link(OUT / name, target)


def terms(pi):
    """Terms of what p1 holds: {name: file}."""
    return {"rpi-firmware": OUT / "rpi-firmware.terms", "uboot": OUT / "uboot.terms"} if pi else {}
