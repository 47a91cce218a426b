"""A slot's payload: header, kernel, device trees, initramfs, root and its hash tree. docs/formats/slot.md."""

import struct
import zlib

from common import BOARD, OUT, Failure, epoch, layout, run, sha256, step, version
import initramfs
import root
import verity

SLOT = OUT / "slot.img"
# Short names of the boards in the header, and their device trees in the kernel package.
TREES = {
    "3b": "bcm2837-rpi-3-b.dtb",
    "3bp": "bcm2837-rpi-3-b-plus.dtb",
    "3ap": "bcm2837-rpi-3-a-plus.dtb",
    "4b": "bcm2711-rpi-4-b.dtb",
    "400": "bcm2711-rpi-400.dtb",
}
ALIGN = 4096


def env_block(variables, size):
    """`crc32 + env` as U-Boot's `env import -c` reads it: little-endian CRC-32 of all that follows, then name=value\\0 …, zero-padded."""
    text = b"".join(f"{name}={value}\0".encode() for name, value in sorted(variables.items())) + b"\0"
    if len(text) > size - 4:
        raise Failure(f"{len(text)} bytes of variables do not fit into {size}")
    text = text.ljust(size - 4, b"\0")
    return struct.pack("<I", zlib.crc32(text)) + text


def variables(block):
    """A `crc32 + env` block's variables; None if its sum is wrong."""
    if struct.unpack("<I", block[:4])[0] != zlib.crc32(block[4:]):
        return None
    return dict(v.split("=", 1) for v in block[4:].split(b"\0\0")[0].decode().split("\0"))


def compressed_kernel(kernel):
    """The kernel's Image, gzipped the same way each time."""
    path = OUT / "Image.gz"
    step("kernel", [kernel.image], [path], lambda: path.write_bytes(run("gzip", "-9", "-n", "-c", kernel.image)))
    return path


def build(kernel):
    """Makes out/slot.img."""
    files = {"kernel": compressed_kernel(kernel)}
    files |= {name: kernel.trees / file for name, file in TREES.items()}
    files |= {"initrd": initramfs.PACKED, "root": root.SQUASHFS}
    parts = {name: path.read_bytes() for name, path in files.items()}
    parts["root"] += b"\0" * (-len(parts["root"]) % ALIGN)
    parts["verity"], root_hash = verity.tree(parts["root"])
    sequence, commit = version()
    variables = {"s_v": 1, "s_seq": f"{sequence:x}", "s_commit": commit, "s_built": f"{epoch():x}", "s_linux": kernel.release}
    variables |= {"s_verity_root": root_hash, "s_verity_salt": verity.SALT.hex(), "s_verity_block": f"{verity.BLOCK:x}"}
    header_bytes = layout()["SLOT_HEADER_BYTES"]
    at, body = header_bytes, []
    for name, data in parts.items():
        variables |= {
            f"s_{name}_off": f"{at // 512:x}",
            f"s_{name}_cnt": f"{-(-len(data) // 512):x}",
            f"s_{name}_len": f"{len(data):x}",
            f"s_{name}_crc": f"{zlib.crc32(data):08x}",
        }
        data += b"\0" * (-len(data) % ALIGN)
        body.append(data)
        at += len(data)
    if at > layout()["RESCUE_SIZE_MIB"] << 20:
        raise Failure("the payload is larger than the rescue system's partition")
    variables["s_cnt"] = f"{at // 512:x}"
    SLOT.write_bytes(env_block(variables, header_bytes) + b"".join(body))


def inputs():
    """What a slot depends on besides its files."""
    return [sha256(initramfs.PACKED), sha256(root.SQUASHFS), epoch(), version(), BOARD / "build" / "lib" / "verity.py"]
