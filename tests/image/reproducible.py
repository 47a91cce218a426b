#!/usr/bin/env python3
"""The slot comes out byte for byte the same when it is built again elsewhere, from the same parts and programs.

What differs between the two builds: the folder, the umask, the time zone, the order in which files were made. (The programs
themselves: board/build/lib/programs.py hides the paths of checkout and cargo from rustc.)
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "board" / "build" / "lib"))
sys.dont_write_bytecode = True

from common import OUT, sha256  # noqa: E402
from root import BUILT  # noqa: E402
from slot import variables  # noqa: E402

NAMES = ("slot.img", "boot.vfat", "p2p-hotspot.spdx.json")


def main():
    """Builds again and compares."""
    with tempfile.TemporaryDirectory(prefix="hotspot-again-", dir="/var/tmp") as work:
        again = pathlib.Path(work) / "a folder with another name"
        (again / "parts").mkdir(parents=True)
        shutil.copyfile(OUT / "parts" / "resolved.json", again / "parts" / "resolved.json")
        (again / "parts" / "debs").symlink_to(OUT / "parts" / "debs")
        header = variables((OUT / "slot.img").read_bytes()[:4096])
        moment, number = int(header["s_built"], 16), int(header["s_seq"], 16)
        env = dict(os.environ, SOURCE_DATE_EPOCH=str(moment), HOTSPOT_VERSION=f"{number} {header['s_commit']}",
                   HOTSPOT_OUT=str(again), HOTSPOT_PROGRAMS=str(BUILT), TZ="Asia/Kathmandu", LC_ALL="C")
        subprocess.run([TOP / "board/build/image"], env=env, umask=0o077, check=True, stdout=subprocess.DEVNULL)
        failed = [name for name in NAMES if sha256(OUT / name) != sha256(again / name)]
        with open(OUT / "p2p-hotspot.img", "rb") as one, open(again / "p2p-hotspot.img", "rb") as two:
            while (block := one.read(1 << 22)) or two.read(1):
                if block != two.read(len(block)):
                    failed.append("p2p-hotspot.img")
                    break
    for name in failed:
        print(f"FAILED: {name} differs")
    print(f"{len(NAMES) + 1 - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


sys.exit(main())
