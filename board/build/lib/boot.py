"""p1, what a Raspberry Pi starts from: the GPU's firmware, U-Boot and its environment, the boot script, settings."""

import datetime
import json
import os
import pathlib
import re
import shutil
import typing

import licences
import sbom
from common import BOARD, MIB, OUT, TOP, Failure, epoch, fresh, layout, run
from keys import root as root_json
from slot import TREES

HOME = OUT / "boot"
FAT = OUT / "boot.vfat"
FIRMWARE = ("bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat")
SETTINGS = TOP / "rust" / "config" / "hotspot.toml"


class Before(typing.NamedTuple):
    """What runs before Linux, wherever it comes from."""

    firmware: pathlib.Path  # a folder with the GPU's files
    uboot: pathlib.Path
    terms: dict  # name: file with its terms


def debian(folders):
    """What runs before Linux, from Debian's packages."""
    names = ("raspi-firmware", "u-boot-rpi")
    return Before(folders["raspi-firmware"] / "usr/lib/raspi-firmware", folders["u-boot-rpi"] / "usr/lib/u-boot/rpi_arm64/u-boot.bin",
                  {name: licences.copyright_file(folders[name]) for name in names})


def inputs(keys):
    """What p1 depends on besides its parts, which `keys` stand for."""
    return [BOARD / "boot", BOARD / "layout.env", BOARD / "build" / "lib", config_text(), root_json(), sbom.FILE, keys, epoch()]


def config_text():
    """hotspot.toml of the card: the file that CONFIG names, else the commented copy with every default."""
    given = os.environ.get("CONFIG")
    try:
        return pathlib.Path(given or SETTINGS).read_bytes()
    except OSError as error:
        raise Failure(f"CONFIG={given} cannot be read: {error.strerror}" if given else f"{SETTINGS}: {error.strerror}") from error


def script():
    """boot.cmd with the card's offsets."""
    card = layout()
    blocks = {name: card[f"{name}_MIB"] * MIB // 512 for name in ("RECORD_0", "RECORD_1", "SLOT_A", "SLOT_B", "RESCUE")}
    blocks |= {"RECORD_BYTES": card["RECORD_BYTES"], "HEADER_BYTES": card["SLOT_HEADER_BYTES"], "HEADER_BLOCKS": card["SLOT_HEADER_BYTES"] // 512}
    text = (BOARD / "boot" / "boot.cmd").read_text()
    return re.sub(r"@(\w+)@", lambda m: f"{blocks[m.group(1)]:x}" if m.group(1) in blocks else m.group(0), text)


def build(before, kernel):
    """Makes out/boot (the files) and out/boot.vfat."""
    fresh(HOME)
    for name in FIRMWARE:
        shutil.copyfile(before.firmware / name, HOME / name)
    for name in TREES.values():
        shutil.copyfile(kernel.trees / name, HOME / name)
        if name.startswith("bcm2711"):
            # U-Boot reads its environment from mmc 0, and counts in the order of the tree, where the radio's host comes before the card's.
            run("fdtput", "-t", "s", HOME / name, "/aliases", "mmc0", "/emmc2bus/mmc@7e340000")
            run("fdtput", "-t", "s", HOME / name, "/aliases", "mmc1", "/soc/mmc@7e300000")
    shutil.copyfile(before.uboot, HOME / "u-boot.bin")
    shutil.copyfile(BOARD / "boot" / "config.txt", HOME / "config.txt")
    run("mkenvimage", "-s", "16384", "-o", HOME / "uboot.env", BOARD / "boot" / "uboot.env.txt")
    (OUT / "boot.cmd").write_text(script())
    stamp = dict(os.environ, SOURCE_DATE_EPOCH=str(epoch()))
    run("mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-n", "hotspot", "-d", OUT / "boot.cmd", HOME / "boot.scr", env=stamp)
    (HOME / "hotspot.toml").write_bytes(config_text())
    shutil.copyfile(root_json(), HOME / "root.json")
    notices(before.terms)
    (HOME / "setup-code.txt").write_text(" " * 511 + "\n")
    make_fat()


def notices(terms):
    """LICENCES.txt: every part of the card, and in full the terms of what this partition holds."""
    packages = json.loads(sbom.FILE.read_text())["packages"]
    text = "What is on this card, with versions and licences. Each part's own text is in the system under /usr/share/hotspot/licences.\r\n\r\n"
    text += licences.table(packages)
    for name, path in terms.items():
        text += f"\r\n\r\n===== {name} =====\r\n\r\n" + path.read_text(errors="replace").replace("\n", "\r\n")
    (HOME / "LICENCES.txt").write_text(text, newline="")


def make_fat():
    """A FAT32 that comes out the same each time, each file in one piece."""
    FAT.unlink(missing_ok=True)
    size = layout()["BOOT_SIZE_MIB"] * MIB
    with open(FAT, "wb") as file:
        file.truncate(size)
    serial = f"{layout()['DISK_SIGNATURE']:08x}"
    when = datetime.datetime.fromtimestamp(epoch(), datetime.timezone.utc)
    env = dict(os.environ, SOURCE_DATE_EPOCH=str(epoch()), TZ="UTC", MTOOLS_SKIP_CHECK="1")
    run("mkfs.vfat", "--invariant", "-F", "32", "-n", "HOTSPOT", "-i", serial, FAT, env=env)
    for path in sorted(HOME.iterdir()):
        os.utime(path, (when.timestamp(), when.timestamp()))
        run("mcopy", "-m", "-i", FAT, path, f"::{path.name}", env=env)
