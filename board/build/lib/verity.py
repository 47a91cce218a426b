"""dm-verity's hash tree, format 1 without a superblock (Documentation/admin-guide/device-mapper/verity.rst)."""

import hashlib

BLOCK = 4096
DIGEST = 32
# The same for every release, so that blocks that did not change keep their hashes and an update need not carry them.
SALT = hashlib.sha256(b"p2p-hotspot root").digest()


def digests(data):
    """SHA-256 of each block behind the salt, one after the other."""
    start = hashlib.sha256(SALT)
    found = []
    for at in range(0, len(data), BLOCK):
        one = start.copy()
        one.update(data[at:at + BLOCK])
        found.append(one.digest())
    return b"".join(found)


def tree(data):
    """(levels from the top one to the lowest, the root hash as hex) of whole blocks."""
    if not data or len(data) % BLOCK:
        raise ValueError("whole blocks only")
    level, levels = digests(data), []
    while len(level) > DIGEST:
        level += b"\0" * (-len(level) % BLOCK)
        levels.insert(0, level)
        level = digests(level)
    return b"".join(levels), level.hex()
