"""What a person (or age) does to the card while it is out of the box."""
import os
import shutil
import subprocess
import zlib

from image import LabError, layout, run, tool

MIB = 1 << 20


def _window(card: str, offset: int, size: int, out: str, write: bool) -> None:
    """Copies a stretch of the card to a raw file, or back."""
    qemu_io = tool("qemu-io", "qemu-utils")
    verb = f"write -s {out} {offset} {size}" if write else f"read -v {offset} {size}"
    run(qemu_io, "-f", "qcow2", "-c", verb, card)


def boot_files(card: str, folder: str) -> None:
    """Puts a folder's files on p1, over those of the same name."""
    spans = layout()
    start, size = spans["BOOT_MIB"] * MIB, spans["BOOT_SIZE_MIB"] * MIB
    part = card + ".p1"
    run(tool("qemu-img", "qemu-utils"), "dd", "-f", "qcow2", "-O", "raw", f"bs={MIB}", f"skip={start // MIB}", f"count={(start + size) // MIB}", f"if={card}", f"of={part}")
    names = sorted(os.path.join(folder, n) for n in os.listdir(folder))
    run(tool("mcopy", "mtools"), "-s", "-o", "-Q", "-i", part, *names, "::/")
    _window(card, start, size, part, True)
    os.unlink(part)


def _random(card: str, start: int, size: int) -> None:
    part = card + ".random"
    with open(part, "wb") as f:
        for _ in range(size // MIB):
            f.write(os.urandom(MIB))
    _window(card, start, size, part, True)
    os.unlink(part)


def _slot_part(card: str, slot: str, part: str) -> tuple[int, int]:
    """Where a part of a slot is on the card: offset and size in bytes. `header` is a part too."""
    names = {"a": "SLOT_A_MIB", "b": "SLOT_B_MIB", "rescue": "RESCUE_MIB"}
    spans = layout()
    if slot not in names:
        raise LabError(f"{slot} is no slot: a, b, rescue")
    start, size = spans[names[slot]] * MIB, spans["SLOT_HEADER_BYTES"]
    if part == "header":
        return start, size
    head = card + ".header"
    run(tool("qemu-img", "qemu-utils"), "dd", "-f", "qcow2", "-O", "raw", f"bs={size}", f"skip={start // size}", f"count={start // size + 1}", f"if={card}", f"of={head}")
    with open(head, "rb") as f:
        text = f.read(size)
    os.unlink(head)
    found = dict(v.split("=", 1) for v in text[4:].split(b"\0\0")[0].decode(errors="replace").split("\0") if "=" in v)
    try:
        return start + int(found[f"s_{part}_off"], 16) * 512, int(found[f"s_{part}_cnt"], 16) * 512
    except KeyError as e:
        raise LabError(f"slot {slot} has no {part}") from e


def _place(card: str, slot: str, part: str, share: str) -> int:
    """A block of 4 KiB in a part: `share` percent of the way through it."""
    offset, size = _slot_part(card, slot, part)
    return offset + min(size - 4096, size * int(share) // 100) // 4096 * 4096


def sector(card: str, slot: str, part: str, share: str) -> int:
    """The first sector of that block."""
    return _place(card, slot, part, share) // 512


def _rot(card: str, place: int) -> None:
    """Other bytes than before, as a card returns them that has lost what it held."""
    part = card + ".rot"
    with open(part, "wb") as f:
        f.write(os.urandom(4096))
    _window(card, place, 4096, part, True)
    os.unlink(part)


def _copy_slot(card: str, source: str, target: str) -> None:
    """One slot's payload into another's place; its header last does not matter with the power off."""
    spans = layout()
    names = {"a": "SLOT_A_MIB", "b": "SLOT_B_MIB", "rescue": "RESCUE_MIB"}
    size = max(sum(_slot_part(card, source, p)) for p in ("root", "verity")) - spans[names[source]] * MIB
    part = card + ".slot"
    start = spans[names[source]]
    run(tool("qemu-img", "qemu-utils"), "dd", "-f", "qcow2", "-O", "raw", f"bs={MIB}", f"skip={start}", f"count={start + -(-size // MIB)}", f"if={card}", f"of={part}")
    os.truncate(part, size)
    _window(card, spans[names[target]] * MIB, size, part, True)
    os.unlink(part)


def variables(data: bytes) -> dict[str, str] | None:
    """What a boot record says; `None` if its sum is wrong."""
    if zlib.crc32(data[4:]) != int.from_bytes(data[:4], "little"):
        return None
    return dict(v.split("=", 1) for v in data[4:].split(b"\0\0")[0].decode().split("\0"))


def _record(card: str, changes: list[str]) -> None:
    """A boot record with these variables changed, over the older copy (docs/formats/card.md)."""
    spans = layout()
    size, copies = spans["RECORD_BYTES"], []
    for name in ("RECORD_0_MIB", "RECORD_1_MIB"):
        place, part = spans[name] * MIB, card + ".record"
        run(tool("qemu-img", "qemu-utils"), "dd", "-f", "qcow2", "-O", "raw", f"bs={size}", f"skip={place // size}", f"count={place // size + 1}", f"if={card}", f"of={part}")
        with open(part, "rb") as f:
            data = f.read(size)
        valid = zlib.crc32(data[4:]) == int.from_bytes(data[:4], "little")
        found = dict(v.split("=", 1) for v in data[4:].split(b"\0\0")[0].decode().split("\0")) if valid else {"r_seq": "0"}
        copies.append((int(found["r_seq"], 16), place, found))
    copies.sort()
    newest = copies[1][2] | dict(c.split("=", 1) for c in changes)
    newest["r_seq"] = f"{copies[1][0] + 1:x}"
    text = ("\0".join(f"{k}={v}" for k, v in newest.items()) + "\0\0").encode().ljust(size - 4, b"\0")
    with open(part, "wb") as f:
        f.write(zlib.crc32(text).to_bytes(4, "little") + text)
    _window(card, copies[0][1], size, part, True)
    os.unlink(part)


def command(card: str, args: list[str], cwd: str) -> str:
    spans = layout()
    match args:
        case ["boot", folder]:
            boot_files(card, os.path.join(cwd, folder))
        case ["random-data"]:
            _random(card, spans["DATA_MIB"] * MIB, 64 * MIB)
        case ["rot", slot, part, share]:
            _rot(card, _place(card, slot, part, share))
        case ["record", *changes] if changes and all("=" in c for c in changes):
            _record(card, changes)
        case ["copy", source, target]:
            _copy_slot(card, source, target)
        case ["save" | "load" as way, name] if name.isalnum():
            kept = f"{card}.{name}"
            shutil.copyfile(*((card, kept) if way == "save" else (kept, card)))
        case ["read", out]:
            subprocess.run(["qemu-img", "convert", "-O", "raw", card, os.path.join(cwd, out)], check=True)
        case _:
            raise LabError("usage: card boot DIR | card random-data | card rot SLOT PART PERCENT | card unreadable SLOT PART PERCENT | card mended | card copy SLOT SLOT | card record NAME=VALUE... | card save NAME | card load NAME | card read FILE")
    return ""
