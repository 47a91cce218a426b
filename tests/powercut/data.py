"""What e2fsck makes of `/data` in a state: as the box's own start goes about it (rust/hotspot/src/supervisor/storage.rs), with the real tools."""
import json
import struct
import subprocess

from card import DATA, SECTOR

SUPERBLOCK, MAGIC, MOUNT_TIME, MOUNT_COUNT = 1024, 56, 44, 52
# The first backup superblock of a file system with blocks of 4096 bytes.
BACKUP = 32768 * 4096
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def extract(card, path, size):
    """`/data` of a state as a sparse file."""
    first = DATA // SECTOR
    with open(path, "wb") as file:
        file.truncate(size)
        held = card.base[DATA:DATA + size]
        # What the image itself has there, in whole MiB that are not all zeros.
        for at in range(0, len(held), 1 << 20):
            piece = held[at:at + (1 << 20)]
            if piece.count(0) != len(piece):
                file.seek(at)
                file.write(piece)
        for number in sorted(n for n in card.over if n >= first):
            file.seek((number - first) * SECTOR)
            file.write(card.over[number])


def run(*args):
    """A tool's exit status."""
    return subprocess.run(args, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode


def cat(path, name):
    """A file of the file system, `None` when it is not there."""
    done = subprocess.run(["debugfs", "-R", f"cat {name}", path], env=ENV, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return None if b"File not found" in done.stderr else done.stdout


def is_superblock(block):
    """Whether 1024 bytes are an ext superblock."""
    return block[MAGIC:MAGIC + 2] == b"\x53\xef"


def is_whole(superblock):
    """Whether its checksum holds: CRC-32C without the inversion at the end."""
    crc = 0xffffffff
    for byte in superblock[:0x3fc]:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return superblock[0x3fc:0x400] == struct.pack("<I", crc)


def describes(superblock, region):
    """Whether the group descriptors behind a superblock name places within the file system."""
    (blocks,), (in_group,), (features,) = (struct.unpack_from("<I", superblock, at) for at in (0x04, 0x20, 0x60))
    size = 64 if features & 0x80 else 32
    for at in range(4096, 4096 + size * -(-blocks // max(1, in_group)), size):
        places = struct.unpack_from("<3I", region, at)
        high = struct.unpack_from("<3I", region, at + 32) if size == 64 else (0, 0, 0)
        if any(not 0 < p + (h << 32) < blocks for p, h in zip(places, high)):
            return False
    return True


def is_used(path):
    """Whether the file system was ever mounted."""
    with open(path, "rb") as file:
        block = file.read(65536)[SUPERBLOCK:2 * SUPERBLOCK]
    return is_superblock(block) and (block[MOUNT_TIME:MOUNT_TIME + 4] != bytes(4) or block[MOUNT_COUNT:MOUNT_COUNT + 2] != bytes(2))


def mended(path, used=False):
    """None when the box would mount it with all it held; `"fresh"` when it would make a new one and nothing is lost by that, as it was never
    `used`; else what is wrong."""
    with open(path, "rb") as file:
        start = file.read(1 << 20)
        file.seek(BACKUP)
        backup = file.read(1 << 20)
    superblock = start[SUPERBLOCK:2 * SUPERBLOCK]
    if is_superblock(superblock):
        lost = is_used(path) and is_superblock(backup) and not describes(superblock, start) and describes(superblock, backup)
    elif any(start) and is_superblock(backup) and (any(superblock) or is_whole(backup)):
        lost = True
    else:
        return "its superblock is gone" if used else "fresh"
    if lost:
        if run("e2fsck", "-f", "-y", "-b", "32768", "-B", "4096", path) >= 4:
            return "e2fsck cannot mend it by its backup"
    elif run("e2fsck", "-p", path) >= 4:
        if not used and not is_used(path):
            return "fresh"
        if run("e2fsck", "-f", "-y", path) >= 4:
            return "e2fsck cannot mend it"
    return None if run("e2fsck", "-f", "-n", path) == 0 else "e2fsck does not leave it clean"


def is_json(found):
    """Whether a record that changes often is whole, or was not there yet."""
    try:
        return found is None or bool(json.loads(found))
    except ValueError:
        return False


class Sampler:
    """Looks at `/data` at every so many states, and that files of record are the old one or the new one, whole."""

    def __init__(self, folder, size, every, files):
        self.path, self.size, self.every = folder / "data.img", size, every
        # name: whether it may have these contents (None: it is missing).
        self.files = files
        self.seen, self.done, self.fresh, self.failures = 0, 0, 0, []
        self.used = False

    def __call__(self, card, what, sector):
        if sector * SECTOR < DATA:
            return
        self.seen += 1
        if self.seen % self.every:
            return
        self.done += 1
        extract(card, self.path, self.size)
        # Once it was mounted, it must never be made anew.
        self.used |= is_used(self.path)
        wrong = mended(self.path, self.used)
        if wrong == "fresh":
            self.fresh += 1
            return
        if wrong is None:
            for name, is_right in self.files.items():
                found = cat(self.path, name)
                if not is_right(found):
                    wrong = f"{name} is neither the old one nor the new one: {'missing' if found is None else found[:60]!r}"
        if wrong:
            self.failures.append(f"{what}, sector {sector}: {wrong}")
