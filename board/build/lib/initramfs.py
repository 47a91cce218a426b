"""The initramfs: the early program, and just the modules that reach the root."""

import struct

from common import BOARD, OUT, Failure, epoch, run
from modules import Modules, wanted
from root import PROGRAMS

CPIO = OUT / "initramfs.cpio"
PACKED = OUT / "initramfs.zst"
LIST = "lib/modules.order.list"


def inputs(keys):
    """What the initramfs depends on besides its parts, which `keys` stand for."""
    return [PROGRAMS[1], BOARD / "kernel" / "modules.list", BOARD / "build" / "lib", keys, epoch()]


class Cpio:
    """A newc archive: root owns everything, one time stamp, inodes in order."""

    def __init__(self, time):
        self.out, self.time, self.inode = bytearray(), time, 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        """Adds one entry. `mode` has the file type."""
        self.inode += 1
        path = name.encode() + b"\0"
        links = 2 if mode & 0o170000 == 0o040000 else 1
        fields = (self.inode, mode, 0, 0, links, self.time, len(data), 0, 0, *device, len(path), 0)
        self.out += b"070701" + b"".join(b"%08X" % f for f in fields) + path
        self.pad()
        self.out += data
        self.pad()

    def pad(self):
        """To the next multiple of four."""
        self.out += b"\0" * (-len(self.out) % 4)

    def finish(self):
        """The archive's bytes."""
        self.inode, self.time = -1, 0
        self.add("TRAILER!!!", 0)
        return bytes(self.out)


def build(kernel):
    """Makes out/initramfs.zst."""
    modules = Modules(kernel)
    names = modules.closure(wanted()["initramfs"])
    cpio = Cpio(epoch())
    for folder in ("dev", "lib", "lib/modules", "newroot", "proc", "run", "sys"):
        cpio.add(folder, 0o040755)
    cpio.add("dev/console", 0o020600, device=(5, 1))
    cpio.add("dev/null", 0o020666, device=(1, 3))
    early = PROGRAMS[1].read_bytes()
    if early[:4] != b"\x7fELF" or struct.unpack("<H", early[18:20])[0] != 183:
        raise Failure(f"{PROGRAMS[1]} is no arm64 program")
    cpio.add("init", 0o100755, early)
    paths = [f"lib/modules/{name}.ko" for name in names]
    for name, path in zip(names, paths):
        cpio.add(path, 0o100644, modules.content(name))
    cpio.add(LIST, 0o100644, "".join(f"/{path}\n" for path in paths).encode())
    CPIO.write_bytes(cpio.finish())
    run("zstd", "-q", "-f", "-19", "--no-check", CPIO, "-o", PACKED)
