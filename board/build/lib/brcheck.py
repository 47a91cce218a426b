"""`make check-buildroot`: sources from Debian and PyPI, the whole image from them without a network, its table of differences, and its tests."""

import os
import pathlib
import shutil
import subprocess
import time

import brmake
import brtests
import brtree
import buildroot
import common
import keys
import programs
import root
from common import OUT, TOP, Failure, run, say, sha256

EXTERNAL = TOP / "buildroot-external"
# Measured: 4 GB of output and 0.7 GB of sources.
ROOM_GB = 7


def home():
    """Where everything of the check is."""
    return pathlib.Path(os.environ.get("CHECK_BUILDROOT") or OUT / "check-buildroot").resolve()


def main(args):
    """Entry point."""
    if args or not os.environ.get("BUILDROOT_DIR"):
        raise Failure("say which Buildroot: make check-buildroot BUILDROOT_DIR=folder")
    os.umask(0o022)
    began = time.monotonic()
    tree = brtree.ready(home(), ROOM_GB, "CHECK_BUILDROOT")
    programs.build()
    keys.root()
    debian = beside()
    offline, output = home() / "offline", home() / "output"
    if subprocess.run([EXTERNAL / "offline/prepare", offline, tree]).returncode != 0:
        raise Failure("not every source could be had: see above")
    brmake.configure(tree, output, [EXTERNAL / "fragments/base.config", EXTERNAL / "fragments/pi.config", offline_fragment(offline)])
    (output / "hotspot").mkdir(exist_ok=True)
    shutil.copyfile(offline / "table.tsv", output / "hotspot/table.tsv")
    os.environ["BR2_DL_DIR"] = str(home() / "dl")
    built = time.monotonic()
    brmake.build(output, home() / "build.log", no_network())
    seconds = time.monotonic() - built
    brmake.run(output, home() / "build.log", [*no_network(), "make", "-C", output, "legal-info"], "legal-info")
    placeless(output)
    again(output)
    common.alone()
    buildroot.take(output)
    report(output, offline, seconds)
    failed = brtests.images(output) + brtests.boot_times(debian) + brtests.both_ways(debian, output)
    say(f"check-buildroot: {time.monotonic() - began:.0f} s in all")
    return 1 if failed else 0


def beside():
    """The image from Debian's parts, of the same programs, to compare with and to update from: (card, slot)."""
    env = {k: v for k, v in os.environ.items() if k not in ("PARTS", "DISK")} | {"HOTSPOT_OUT": str(home() / "debian"), "HOTSPOT_PROGRAMS": str(root.BUILT)}
    parts = home() / "debian" / "parts"
    if not parts.exists() and (OUT / "parts").is_dir():
        parts.parent.mkdir(parents=True, exist_ok=True)
        parts.symlink_to((OUT / "parts").resolve())
    if subprocess.run([TOP / "board/build/image"], env=env).returncode != 0:
        raise Failure("the image from Debian's parts, to compare with, does not build: see above")
    return home() / "debian/p2p-hotspot.img", home() / "debian/slot.img"


def offline_fragment(offline):
    """The fragment with this folder's names."""
    versions = dict(line.split("=", 1) for line in (offline / "versions.env").read_text().split())
    text = (EXTERNAL / "fragments/offline-check.config").read_text()
    for word, value in {"OFFLINE": offline, "PROGRAMS": root.BUILT, "LINUX": versions["LINUX"], "UBOOT": versions["UBOOT"]}.items():
        text = text.replace(f"@{word}@", str(value))
    target = offline / "offline-check.config"
    target.write_text(text)
    return target


def no_network():
    """Words in front of a command that take the network away."""
    for words in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        if subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    raise Failure("this computer gives no network namespace, without which nothing shows that no network is used: run it as root")


def placeless(output):
    """Nothing of the root names the folder that it was built in: a slot must not depend on it."""
    word, target = os.fsencode(output), output / "target"
    found = [path for path in sorted(target.rglob("*")) if path.is_file() and not path.is_symlink() and word in path.read_bytes()]
    if found:
        names = ", ".join(str(path.relative_to(target)) for path in found[:4])
        raise Failure(f"{len(found)} files of the root name the folder that they were built in, so the slot depends on it: {names}")


def again(output):
    """Slot and card made a second time from the same parts come out the same."""
    first = {name: sha256(output / "hotspot" / name) for name in ("slot.img", "p2p-hotspot.img")}
    for stamp in ("initramfs", "slot", "boot", "card", "kernel"):
        (output / "hotspot/stamps" / stamp).unlink(missing_ok=True)
    brmake.run(output, home() / "build.log", [*no_network(), "make", "-C", output], "again")
    for name, value in first.items():
        if sha256(output / "hotspot" / name) != value:
            raise Failure(f"{name} differs when it is made again: something in it depends on the time or the place")
    say("made again: slot and card are the same, byte for byte")


def report(output, offline, seconds):
    """The table of sources, of what was really built, and sizes and times; also in out/check-buildroot.txt."""
    there = {line.split(",")[0] for line in (output / "build/packages-file-list.txt").read_text().splitlines()} \
        | {line.split(",")[0].removeprefix("host-") for line in (output / "build/packages-file-list-host.txt").read_text().splitlines()}
    rows = [line.split("\t") for line in (offline / "table.tsv").read_text().splitlines()]
    rows = [row for row in rows if row[0] in there or row[0] in ("linux", "uboot", "rpi-firmware", "toolchain-external-custom")]
    same = [row[0] for row in rows if row[3].startswith("the very bytes")]
    lines = ["Sources that differ from Buildroot's pins:", "", "| package | Buildroot's | built | how |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows if row[0] not in same]
    lines += ["| p2p-hotspot | release tarball or checkout | this checkout | programs built outside, by Debian's Rust |", "",
              f"The very bytes that Buildroot pins: {', '.join(same)}.", ""]
    slot, image = output / "hotspot/slot.img", output / "hotspot/p2p-hotspot.img"
    packed = len(run("xz", "-T2", "-6", "-c", image))
    sizes = {"image, xz": packed, "slot": slot.stat().st_size, "kernel": (output / "images/Image").stat().st_size,
             "root": (output / "images/rootfs.squashfs").stat().st_size, "initramfs": (output / "hotspot/initramfs.zst").stat().st_size}
    lines += ["| | MB |", "|---|---|", *[f"| {name} | {size / 1e6:.1f} |" for name, size in sizes.items()], "", f"Built in {seconds / 60:.1f} min."]
    text = "\n".join(lines) + "\n"
    (OUT / "check-buildroot.txt").write_text(text)
    print(text, flush=True)
    for name, limit in (("image, xz", 45e6), ("slot", 60e6)):
        if sizes[name] > limit:
            raise Failure(f"{name}: {sizes[name] / 1e6:.1f} MB, and {limit / 1e6:.0f} MB at most were promised")
