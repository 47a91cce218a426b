#!/usr/bin/env python3
"""The hash tree of the root, beside veritysetup's over the same bytes; then the payload's own header against its root."""
import pathlib
import random
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "board" / "build" / "lib"))
sys.dont_write_bytecode = True

import slot  # noqa: E402
import verity  # noqa: E402
from common import OUT, layout, run  # noqa: E402


def theirs(data, work):
    """(tree, root hash) as veritysetup makes them."""
    source, tree = work / "data", work / "tree"
    source.write_bytes(data)
    tree.unlink(missing_ok=True)
    said = run("veritysetup", "format", "--no-superblock", "--hash=sha256", f"--salt={verity.SALT.hex()}", source, tree,
               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}).decode()
    return tree.read_bytes(), re.search(r"Root hash:\s+(\w+)", said).group(1)


def main():
    """Trees of one to three levels, and the real one."""
    failed = 0
    payload = (OUT / "slot.img").read_bytes()
    header = slot.variables(payload[:layout()["SLOT_HEADER_BYTES"]])
    at, length = (int(header[f"s_root_{field}"], 16) for field in ("off", "len"))
    root = payload[at * 512:at * 512 + length]
    cases = [(f"{blocks} blocks", random.Random(blocks).randbytes(blocks * verity.BLOCK)) for blocks in (2, 127, 128, 129, 128 * 128 + 1)]
    with tempfile.TemporaryDirectory(prefix="hotspot-verity-", dir="/var/tmp") as work:
        for name, data in cases + [("the root", root)]:
            ours, top = verity.tree(data)
            same = (ours, top) == theirs(data, pathlib.Path(work))
            print(f"{'ok' if same else 'FAILED'}: {name}")
            failed += not same
    at, length = (int(header[f"s_verity_{field}"], 16) for field in ("off", "len"))
    same = (payload[at * 512:at * 512 + length], header["s_verity_root"]) == verity.tree(root) and length % verity.BLOCK == 0
    print(f"{'ok' if same else 'FAILED'}: the header names this tree")
    failed += not same
    print(f"{len(cases) + 2 - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
