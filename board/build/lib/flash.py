"""Writing the image to a card: only the blocks that hold something where there is a block map, then all read back and compared."""

import fcntl
import os
import sys
import time
import xml.etree.ElementTree

import disks
from common import Failure

CHUNK = 4 << 20
# From linux/fs.h: drops what is cached of a block device, so that reading back reads the card.
BLKFLSBUF = 0x1261


def ranges(image):
    """[(first byte, end)] to write: the block map's where it fits the image, else the whole image."""
    size, bmap = image.stat().st_size, image.with_suffix(".bmap")
    if not bmap.exists() or bmap.stat().st_mtime < image.stat().st_mtime:
        return [(0, size)]
    root = xml.etree.ElementTree.parse(bmap).getroot()
    block = int(root.findtext("BlockSize"))
    if int(root.findtext("ImageSize")) != size:
        return [(0, size)]
    found = []
    for item in root.iter("Range"):
        first, _, last = item.text.strip().partition("-")
        found.append((int(first) * block, min((int(last or first) + 1) * block, size)))
    return found


class Progress:
    """One line that grows at a terminal; a line every fifth part elsewhere."""

    def __init__(self, word, total):
        self.word, self.total, self.done, self.told = word, total, 0, -1
        self.began, self.terminal = time.monotonic(), sys.stdout.isatty()

    def add(self, amount):
        """Counts bytes."""
        self.done += amount
        percent = self.done * 100 // self.total
        if percent // (1 if self.terminal else 20) > self.told // (1 if self.terminal else 20) or self.told < 0:
            self.told = percent
            speed = self.done / 1e6 / max(time.monotonic() - self.began, 0.001)
            text = f"{self.word} {percent:3} %  {self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB  {speed:.0f} MB/s"
            print(("\r" if self.terminal else "") + text, end="" if self.terminal else "\n", flush=True)

    def end(self):
        """Ends the line."""
        if self.terminal:
            print(flush=True)


def chunks(parts):
    """The parts in pieces."""
    for first, end in parts:
        for at in range(first, end, CHUNK):
            yield at, min(CHUNK, end - at)


def agreed(device, yes):
    """Whether the person wants it."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Failure(f"everything on {device} would be lost: say YES=1 (or -y) to do it without being asked")
    name = os.path.basename(os.path.realpath(device))
    model = disks.SYS / name / "device" / "model"
    what = f" ({model.read_text().strip()})" if model.exists() else ""
    size = disks.number(disks.SYS / name / "size") * 512 / 1e9
    answer = input(f"Everything on {device}{what}, {size:.1f} GB, will be lost. Write the card? [y/N] ")
    return answer.strip().lower() in ("y", "yes")


def flash(image, device, yes):
    """Writes and checks."""
    if not image.exists():
        raise Failure(f"{image} is missing: `make image` builds it")
    reasons = disks.problems(device, image.stat().st_size)
    if reasons:
        raise Failure(f"{device} is left alone. " + "; ".join(reasons))
    parts = ranges(image)
    if not agreed(device, yes):
        raise Failure("nothing was written")
    try:
        # O_EXCL: the kernel itself refuses while anything holds the disk, and nothing can mount it while we write.
        target = os.open(device, os.O_RDWR | os.O_EXCL)
    except PermissionError as error:
        raise Failure(f"no right to write to {device}: run it as root (sudo make flash DEVICE={device})") from error
    except OSError as error:
        raise Failure(f"{device}: {error.strerror}; something uses it") from error
    began = time.monotonic()
    try:
        with open(image, "rb") as source:
            copy(source, target, parts, device)
            compare(source, target, parts, device)
    finally:
        os.close(target)
    total = sum(end - first for first, end in parts)
    print(f"Done: {device} holds {image.name}, {total / 1e6:.0f} MB written and read back in {time.monotonic() - began:.0f} s. It can be pulled out.")


def copy(source, target, parts, device):
    """Writes the parts and waits until they are on the card."""
    progress = Progress("writing", sum(end - first for first, end in parts))
    try:
        for at, length in chunks(parts):
            data = os.pread(source.fileno(), length, at)
            done = 0
            while done < len(data):
                done += os.pwrite(target, data[done:], at + done)
            progress.add(len(data))
        progress.end()
        os.fsync(target)
    except OSError as error:
        raise Failure(f"writing to {device} failed ({error.strerror}): try another card or reader") from error


def compare(source, target, parts, device):
    """Reads the parts back from the card."""
    try:
        fcntl.ioctl(target, BLKFLSBUF)
    except OSError:
        os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)
    progress = Progress("reading back", sum(end - first for first, end in parts))
    for at, length in chunks(parts):
        try:
            back = os.pread(target, length, at)
        except OSError as error:
            raise Failure(f"reading {device} back failed ({error.strerror}): the card is bad, use another") from error
        if back != os.pread(source.fileno(), length, at):
            raise Failure(f"{device} does not hold what was written (at {at >> 20} MiB): the card is bad, use another")
        progress.add(length)
    progress.end()
