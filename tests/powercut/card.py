"""A card in memory: an image with sectors laid over it, that can be put back, and what its slots hold as boot script and kernel would find it."""
import hashlib
import mmap
import pathlib
import sys
import zlib

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "board" / "build" / "lib"))
sys.dont_write_bytecode = True

from common import MIB, layout  # noqa: E402
import slot as payload  # noqa: E402
import verity  # noqa: E402

SECTOR = 512
LAYOUT = layout()
HEADER = LAYOUT["SLOT_HEADER_BYTES"]
RECORDS = tuple(LAYOUT[f"RECORD_{n}_MIB"] * MIB for n in (0, 1))
SLOTS = {"a": LAYOUT["SLOT_A_MIB"] * MIB, "b": LAYOUT["SLOT_B_MIB"] * MIB, "rescue": LAYOUT["RESCUE_MIB"] * MIB}
SIZES = {"a": LAYOUT["SLOT_SIZE_MIB"] * MIB, "b": LAYOUT["SLOT_SIZE_MIB"] * MIB, "rescue": LAYOUT["RESCUE_SIZE_MIB"] * MIB}
BOOT = (LAYOUT["BOOT_MIB"] * MIB, LAYOUT["BOOT_SIZE_MIB"] * MIB)
DATA = LAYOUT["DATA_MIB"] * MIB
# The boot script reads these of every slot, and one device tree; the kernel reads the rest.
TREES = tuple(payload.TREES)
# A part that the boot script reads is at most so long, in blocks (board/boot/boot.cmd).
MOST = {"kernel": 0x10000, "initrd": 0x10000} | {name: 0x800 for name in TREES}


class Slot:
    """What a slot's bytes say: which parts have their sum right, and whether the root is what its hash tree says."""

    def __init__(self, card, name):
        self.card, self.name = card, name
        self.variables = payload.variables(card.read(SLOTS[name], HEADER))
        self.known = {}

    def has(self, part):
        """Whether a part can be read and its sum is right, as the boot script sees it."""
        if part not in self.known:
            self.known[part] = self._sum(part)
        return self.known[part]

    def _sum(self, part):
        v = self.variables
        if v is None or v.get("s_v") != "1":
            return False
        try:
            at, count, length = (int(v[f"s_{part}_{field}"], 16) for field in ("off", "cnt", "len"))
            crc = int(v[f"s_{part}_crc"], 16)
        except (KeyError, ValueError):
            return False
        if count > MOST[part] or length > count * SECTOR:
            return False
        return zlib.crc32(self.card.read(SLOTS[self.name] + at * SECTOR, length)) == crc

    def verified(self):
        """Whether everything in it is whole: all parts, and every block of the root by the hash tree."""
        if "all" not in self.known:
            self.known["all"] = all(self.has(p) for p in ("kernel", "initrd", *TREES)) and self._root()
        return self.known["all"]

    def _root(self):
        v = self.variables
        at, count, tree_at, tree_count = (int(v[f"s_{n}"], 16) * SECTOR for n in ("root_off", "root_cnt", "verity_off", "verity_cnt"))
        if v["s_verity_salt"] != verity.SALT.hex() or at + count > SIZES[self.name] or tree_at + tree_count > SIZES[self.name]:
            return False
        tree, top = verity.tree(self.card.read(SLOTS[self.name] + at, count))
        return top == v["s_verity_root"] and tree == self.card.read(SLOTS[self.name] + tree_at, tree_count)


class Card:
    """Sectors over an image. Every change bumps the generation of the slot that it is in, so that only what changed is looked at again."""

    def __init__(self, image):
        with open(image, "rb") as file:
            self.base = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.over = {}
        self.slots = {}
        self.generation = dict.fromkeys(SLOTS, 0)
        # Slots that were looked at since somebody emptied this.
        self.asked = set()
        self.records = None

    def sector(self, number):
        """A sector's bytes."""
        found = self.over.get(number)
        if found is None:
            found = self.base[number * SECTOR:(number + 1) * SECTOR].ljust(SECTOR, b"\0")
        return found

    def read(self, offset, size):
        """Bytes from anywhere."""
        first, end = offset // SECTOR, -(-(offset + size) // SECTOR)
        touched = [n for n in range(first, end) if n in self.over] if self.over else []
        data = self.base[first * SECTOR:end * SECTOR].ljust((end - first) * SECTOR, b"\0")
        if touched:
            data = bytearray(data)
            for n in touched:
                data[(n - first) * SECTOR:(n - first + 1) * SECTOR] = self.over[n]
        return bytes(data[offset - first * SECTOR:offset - first * SECTOR + size])

    def write(self, number, data):
        """One sector; `None` puts the image's own back."""
        if data is None:
            self.over.pop(number, None)
        else:
            self.over[number] = data
        at = number * SECTOR
        if at in RECORDS:
            self.records = None
        for name, start in SLOTS.items():
            if start <= at < start + SIZES[name]:
                self.slots.pop(name, None)
                self.generation[name] += 1

    def slot(self, name):
        """What a slot holds; looked at once until it changes."""
        self.asked.add(name)
        if name not in self.slots:
            self.slots[name] = Slot(self, name)
        return self.slots[name]

    def copies(self):
        """Both boot records' bytes."""
        if self.records is None:
            self.records = tuple(self.sector(place // SECTOR) for place in RECORDS)
        return self.records


def garbage(number):
    """What a sector holds that was being written when the power went: neither the old nor the new."""
    return hashlib.sha512(b"torn %d" % number).digest() * (SECTOR // 64)
