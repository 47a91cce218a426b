"""QEMU's record of a block device (driver blklogwrites, the format of dm-log-writes: Documentation/admin-guide/device-mapper/log-writes.rst)."""
import dataclasses
import mmap
import struct

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


@dataclasses.dataclass(frozen=True)
class Entry:
    """One request in the order in which it was given to the disk."""

    sector: int
    count: int
    flags: int
    data: memoryview

    @property
    def flushes(self):
        """Everything before it is on the medium when it is done."""
        return bool(self.flags & FLUSH)


def read(path):
    """Every request of a record."""
    with open(path, "rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    magic, version, entries, size = struct.unpack_from("<QQQI", view, 0)
    if magic != MAGIC or version != 1 or size != 512:
        raise SystemExit(f"{path} is no record of writes with sectors of 512 bytes")
    at, found = size, []
    for _ in range(entries):
        sector, count, flags, _length = struct.unpack_from("<QQQQ", view, at)
        at += size
        # A discard has no data here: on a real card what is left there is anybody's guess, so it is what was there before.
        length = 0 if flags & DISCARD else count * size
        found.append(Entry(sector, count, flags, view[at:at + length]))
        at += length
    return found
