#!/usr/bin/env python3
"""The card's partition tables, records and slot are where board/layout.env says. Run after board/build/image."""

import pathlib
import re
import struct
import sys
import zlib

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "board" / "build" / "lib"))
sys.dont_write_bytecode = True

import boot  # noqa: E402
import slot  # noqa: E402
from common import MIB, OUT, layout, run  # noqa: E402

IMAGE = OUT / "p2p-hotspot.img"
results = []


def check(name, seen, wanted):
    """Counts one comparison."""
    results.append(seen == wanted)
    if seen != wanted:
        print(f"FAILED: {name}: {seen!r}, wanted {wanted!r}")


def entries(sector):
    """(type, start, sectors) of the four entries of an MBR or EBR; addresses as in the entry."""
    assert sector[510:] == b"\x55\xaa", "no partition table"
    return [(e[4], *struct.unpack("<II", e[8:])) for e in (sector[446 + 16 * i:462 + 16 * i] for i in range(4))]


def read(file, at, size):
    """`size` bytes at `at`."""
    file.seek(at)
    return file.read(size)


def partitions(file):
    """{number: (type, first byte, bytes)}; logical partitions by their chain of EBRs."""
    table = entries(read(file, 0, 512))
    found = {i + 1: (kind, start * 512, count * 512) for i, (kind, start, count) in enumerate(table)}
    base = at = table[3][1]
    number = 5
    while True:
        logical, following = entries(read(file, at * 512, 512))[:2]
        found[number] = (logical[0], (at + logical[1]) * 512, logical[2] * 512)
        if not following[0]:
            return found
        at, number = base + following[1], number + 1


def check_partitions(file, card):
    """Every offset, size and alignment."""
    places = {1: ("BOOT", 0x0C), 2: ("RESERVED_1", 0x0C), 3: ("RESERVED_2", 0x0C), 5: ("SLOT_A", 0x83), 6: ("SLOT_B", 0x83),
              7: ("RESCUE", 0x83), 8: ("DATA", 0x83)}
    sizes = {5: "SLOT_SIZE_MIB", 6: "SLOT_SIZE_MIB", 8: "DATA_PLACEHOLDER_MIB"}
    seen = partitions(file)
    check("partitions", sorted(seen), list(range(1, 9)))
    for number, (name, kind) in places.items():
        wanted = (kind, card[f"{name}_MIB"] * MIB, card[sizes.get(number, f"{name}_SIZE_MIB")] * MIB)
        check(f"p{number}", seen[number], wanted)
        check(f"p{number} starts on 4 MiB", seen[number][1] % (4 * MIB), 0)
    check("p4", seen[4][1:], (card["EXTENDED_MIB"] * MIB, (card["CARD_MIB"] - card["EXTENDED_MIB"]) * MIB))
    check("disk signature", struct.unpack("<I", read(file, 440, 4))[0], card["DISK_SIGNATURE"])
    check("size", IMAGE.stat().st_size, card["CARD_MIB"] * MIB)


def check_contents(file, card):
    """Records, slots and p1."""
    record = slot.variables(read(file, card["RECORD_0_MIB"] * MIB, card["RECORD_BYTES"]))
    check("record 0", record and (record["r_slot"], record["r_seq"], record["r_trial"]), ("a", "1", "0"))
    check("record 1", slot.variables(read(file, card["RECORD_1_MIB"] * MIB, card["RECORD_BYTES"])), None)
    start = card["SLOT_A_MIB"] * MIB
    header = slot.variables(read(file, start, card["SLOT_HEADER_BYTES"]))
    end = card["SLOT_HEADER_BYTES"]
    for part in ("kernel", *slot.TREES, "initrd", "root", "verity"):
        at, count, length, crc = (int(header[f"s_{part}_{f}"], 16) for f in ("off", "cnt", "len", "crc"))
        check(f"{part} lies after what is before it", at * 512 >= end, True)
        check(f"{part}'s sum", zlib.crc32(read(file, start + at * 512, length)), crc)
        end = (at + count) * 512
    check("slot B is empty", read(file, card["SLOT_B_MIB"] * MIB, MIB), bytes(MIB))
    size = slot.SLOT.stat().st_size
    check("the rescue system is slot A's payload", read(file, card["RESCUE_MIB"] * MIB, size) == read(file, start, size), True)
    check("slot payload is at most 110 MB", slot.SLOT.stat().st_size <= 110e6, True)


def check_boot(card):
    """p1: the firmware's settings, and every file in one piece."""
    place = f"{IMAGE}@@{card['BOOT_MIB']}M"
    listed = run("mdir", "-b", "-i", place, "::").decode()
    names = {line.split("/")[-1] for line in listed.split("\n") if line}
    wanted = {"config.txt", "u-boot.bin", "uboot.env", "boot.scr", "hotspot.toml", "setup-code.txt", "root.json", "LICENCES.txt"}
    check("files of p1", names, wanted | set(boot.FIRMWARE) | set(slot.TREES.values()))
    settings = [l for l in run("mtype", "-i", place, "::config.txt").decode().splitlines() if l and not l.startswith("#")]
    check("config.txt", sorted(settings), ["arm_64bit=1", "enable_uart=1", "kernel=u-boot.bin", "upstream_kernel=1"])
    environment = run("mtype", "-i", place, "::uboot.env")
    check("uboot.env", (len(environment), slot.variables(environment)["bootdelay"], "preboot" in slot.variables(environment)), (16384, "-2", False))
    script = run("mtype", "-i", place, "::boot.scr").decode(errors="replace")
    check("boot script's offsets are filled in", re.findall(r"@\w+@", script), [])
    for name in sorted(names):
        clusters = run("mshowfat", "-i", place, f"::{name}").decode().strip()
        check(f"{name} in one piece", len(re.findall(r"<[^>]*>", clusters)), 1)


with open(IMAGE, "rb") as image:
    check_partitions(image, layout())
    check_contents(image, layout())
check_boot(layout())
print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
sys.exit(0 if all(results) else 1)
