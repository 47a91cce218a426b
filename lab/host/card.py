"""What a person (or age) does to the card while it is out of the box."""
import os
import subprocess

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


def command(card: str, args: list[str], cwd: str) -> str:
    spans = layout()
    match args:
        case ["boot", folder]:
            boot_files(card, os.path.join(cwd, folder))
        case ["random-data"]:
            _random(card, spans["DATA_MIB"] * MIB, 64 * MIB)
        case ["read", out]:
            subprocess.run(["qemu-img", "convert", "-O", "raw", card, os.path.join(cwd, out)], check=True)
        case _:
            raise LabError("usage: card boot DIR | card random-data | card read FILE")
    return ""
