"""Puts a folder's files into a fresh exFAT volume that mkfs.exfat made, without mounting it (Microsoft's exFAT specification)."""
import os
import struct

from image import LabError

_DIRECTORY, _ARCHIVE = 0x10, 0x20
# 2026-01-01 12:00:00 in the format's packed time.
_TIME = ((2026 - 1980) << 25) | (1 << 21) | (1 << 16) | (12 << 11)


def _sum16(data: bytes, start: int = 0, skip: tuple[int, ...] = ()) -> int:
    total = start
    for i, byte in enumerate(data):
        if i not in skip:
            total = (((total << 15) | (total >> 1)) + byte) & 0xFFFF
    return total


def _entry_set(name: str, attributes: int, cluster: int, size: int) -> bytes:
    """File, stream and name entries: contiguous, so the FAT is not used."""
    units = name.encode("utf-16-le")
    parts = [units[i:i + 30].ljust(30, b"\0") for i in range(0, len(units), 30)]
    upper = name.upper().encode("utf-16-le")
    file = struct.pack("<BBHHHIII5B7s", 0x85, 1 + len(parts), 0, attributes, 0, _TIME, _TIME, _TIME, 0, 0, 0x80, 0x80, 0x80, b"")
    flags = 3 if size else 1
    stream = struct.pack("<BBBBHHQIIQ", 0xC0, flags, 0, len(units) // 2, _sum16(upper), 0, size, 0, cluster if size else 0, size)
    data = file + stream + b"".join(b"\xc1\0" + part for part in parts)
    return data[:2] + struct.pack("<H", _sum16(data, skip=(2, 3))) + data[4:]


class Volume:
    """A volume in a file, from `start` bytes on."""

    def __init__(self, path: str, start: int) -> None:
        self.file = open(path, "r+b")
        self.start = start
        boot = self._at(0, 512)
        if boot[3:11] != b"EXFAT   ":
            raise LabError("mkfs.exfat made no exFAT volume")
        sector = 1 << boot[108]
        self.cluster = sector << boot[109]
        self.heap = struct.unpack_from("<I", boot, 88)[0] * sector
        self.root = struct.unpack_from("<I", boot, 96)[0]
        for i in range(0, self.cluster, 32):
            entry = self._at(self._place(self.root) + i, 32)
            if entry[0] == 0x81:
                first, size = struct.unpack_from("<IQ", entry, 20)
                self.bitmap_at = self._place(first)
                self.bitmap = bytearray(self._at(self.bitmap_at, size))
            if entry[0] == 0:
                self.root_free = i
                break

    def _at(self, offset: int, size: int) -> bytes:
        self.file.seek(self.start + offset)
        return self.file.read(size)

    def _place(self, cluster: int) -> int:
        return self.heap + (cluster - 2) * self.cluster

    def _store(self, data: bytes) -> int:
        """Data in free clusters that follow each other; the first one's number."""
        count = -(-len(data) // self.cluster)
        used = sum(bin(b).count("1") for b in self.bitmap)
        if used + count > len(self.bitmap) * 8:
            raise LabError("the stick is too small for its folder")
        # A fresh volume is filled from the front, and nothing is ever taken away.
        for n in range(used, used + count):
            self.bitmap[n // 8] |= 1 << n % 8
        self.file.seek(self.start + self._place(used + 2))
        self.file.write(data)
        return used + 2

    def _folder(self, path: str) -> bytes:
        entries = b""
        for name in sorted(os.listdir(path)):
            inner = os.path.join(path, name)
            if os.path.isdir(inner):
                data = self._folder(inner)
                data += b"\0" * (-len(data) % self.cluster or (0 if data else self.cluster))
                entries += _entry_set(name, _DIRECTORY, self._store(data), len(data))
            elif os.path.isfile(inner):
                with open(inner, "rb") as f:
                    data = f.read()
                entries += _entry_set(name, _ARCHIVE, self._store(data) if data else 0, len(data))
        return entries

    def fill(self, folder: str) -> None:
        entries = self._folder(folder)
        if self.root_free + len(entries) > self.cluster:
            raise LabError("too many files at the top of the stick: put them into a folder")
        self.file.seek(self.start + self._place(self.root) + self.root_free)
        self.file.write(entries)
        self.file.seek(self.start + self.bitmap_at)
        self.file.write(self.bitmap)
        self.file.close()
