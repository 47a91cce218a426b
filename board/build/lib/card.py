"""The whole card, laid out by genimage exactly as board/layout.env says."""

import os

from common import BOARD, MIB, OUT, fresh, layout, run
import boot
import slot

IMAGE = OUT / "p2p-hotspot.img"


def inputs():
    """What the card depends on."""
    stamps = OUT / "stamps"
    return [stamps / "boot", stamps / "slot", BOARD / "layout.env", BOARD / "build" / "lib"]


def record():
    """The first boot record: slot A, no trial."""
    first = {"r_v": 1, "r_seq": 1, "r_slot": "a", "r_trial": 0, "r_left": 0, "r_bad": 0, "r_floor": 0, "r_built": 0}
    return slot.env_block(first, layout()["RECORD_BYTES"])


def config(card):
    """genimage's configuration."""
    parts = []

    def part(name, offset, size, kind, image=None):
        lines = [f"offset = {card[offset]}M", f"size = {card[size]}M" if isinstance(size, str) else f"size = {size}"]
        lines += [f"partition-type = {kind}"] if kind is not None else ["in-partition-table = false"]
        lines += [f'image = "{image}"'] if image else []
        parts.append(f"\tpartition {name} {{\n" + "".join(f"\t\t{line}\n" for line in lines) + "\t}\n")

    part("record0", "RECORD_0_MIB", card["RECORD_BYTES"], None, "record.img")
    part("boot", "BOOT_MIB", "BOOT_SIZE_MIB", "0x0c", boot.FAT)
    part("reserved1", "RESERVED_1_MIB", "RESERVED_1_SIZE_MIB", "0x0c", "reserved1.vfat")
    part("reserved2", "RESERVED_2_MIB", "RESERVED_2_SIZE_MIB", "0x0c", "reserved2.vfat")
    part("slot-a", "SLOT_A_MIB", "SLOT_SIZE_MIB", "0x83", slot.SLOT)
    part("slot-b", "SLOT_B_MIB", "SLOT_SIZE_MIB", "0x83")
    part("rescue", "RESCUE_MIB", "RESCUE_SIZE_MIB", "0x83", slot.SLOT)
    part("data", "DATA_MIB", "DATA_PLACEHOLDER_MIB", "0x83")
    head = f"\thdimage {{\n\t\tpartition-table-type = mbr\n\t\tdisk-signature = {card['DISK_SIGNATURE']:#x}\n\t\talign = 4M\n\t\textended-partition = 4\n\t}}\n"
    return f"image {IMAGE.name} {{\n{head}{''.join(parts)}}}\n"


def blank(file, card):
    """Writes zeros where an earlier installation on the same card would otherwise show through the holes that a block map leaves:
    the second record, the header of the empty slot, the start of /data."""
    sizes = {"RECORD_1_MIB": 4096, "SLOT_B_MIB": card["SLOT_HEADER_BYTES"], "DATA_MIB": 4 * MIB}
    for name, size in sizes.items():
        file.seek(card[name] * MIB)
        file.write(bytes(size))
    file.flush()
    os.fsync(file.fileno())


def build():
    """Makes out/p2p-hotspot.img."""
    card = layout()
    work = fresh(OUT / "genimage")
    source = fresh(work / "in")
    (source / "record.img").write_bytes(record())
    for number, size in ((1, "RESERVED_1_SIZE_MIB"), (2, "RESERVED_2_SIZE_MIB")):
        path = source / f"reserved{number}.vfat"
        with open(path, "wb") as file:
            file.truncate(card[size] * MIB)
        run("mkfs.vfat", "--invariant", "-F", "16", "-n", f"RESERVED{number}", "-i", f"{card['DISK_SIGNATURE'] + number:08x}", path)
    (work / "genimage.cfg").write_text(config(card))
    fresh(work / "root")
    run("genimage", "--config", work / "genimage.cfg", "--inputpath", source, "--outputpath", work / "out", "--rootpath", work / "root",
        "--tmppath", work / "tmp")
    made = work / "out" / IMAGE.name
    # genimage ends with the last image's data; the card ends with its last partition.
    with open(made, "r+b") as file:
        file.truncate(card["CARD_MIB"] * MIB)
        blank(file, card)
    made.replace(IMAGE)
