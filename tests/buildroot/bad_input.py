"""What is wrong is said in one line, before anything is built."""

import os
import pathlib
import subprocess
import tempfile

import brmake
import brtree
from common import TOP


def run(results):
    """Each case through `board/build/image` with PARTS=buildroot, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hotspot-br-", dir="/var/tmp") as work:
        work = pathlib.Path(work)
        good = tree(work / "good", "2026.05.1", "1.96.1")

        def refuses(name, words, **env):
            out = work / "out"
            done = subprocess.run([TOP / "board/build/image"], capture_output=True, text=True,
                                  env=os.environ | {"PARTS": "buildroot", "HOTSPOT_OUT": str(out), "BUILDROOT_DIR": ""} | env)
            lines = done.stderr.strip().splitlines()
            built = [p.name for p in out.glob("buildroot/output/*")]
            holds = done.returncode == 1 and len(lines) == 1 and lines[0].startswith("error: ") and all(w in lines[0] for w in words) and not built
            results.check(name, holds, f"{done.returncode} {done.stderr!r} {built}")

        refuses("BUILDROOT_DIR that is not there", ["no Buildroot tree", "leave it out"], BUILDROOT_DIR=str(work / "nowhere"))
        refuses("BUILDROOT_DIR that is something else", ["no Buildroot tree"], BUILDROOT_DIR=str(TOP))
        old = tree(work / "old", "2026.02", "1.88.0")
        refuses("a Buildroot too old for the programs' Rust", ["Rust 1.88.0", "need 1.91", "use Buildroot"], BUILDROOT_DIR=str(old))
        refuses("a full disk", ["GB free", "make room"], BUILDROOT_DIR=str(good), BUILDROOT_ROOM_GB="1000000")
        refuses("a missing host tool", ["rsync is missing", "board/setup"], BUILDROOT_DIR=str(good), PATH=without(work / "bin", "rsync"))
        forged = repository(work / "forged")
        refuses("a Buildroot that is not the pinned one", ["another Buildroot", "do not use it"], BUILDROOT_MIRROR=str(forged))
        offline = work / "git"
        offline.write_text("#!/bin/sh\necho 'fatal: unable to access' >&2\nexit 128\n")
        offline.chmod(0o755)
        refuses("no network for the pinned Buildroot", ["cannot be fetched", "BUILDROOT_DIR="], PATH=f"{work}:{os.environ['PATH']}")
        refuses("parts that are neither", ["debian or buildroot"], PARTS="yocto")
    words = brmake.last_words("ERROR: while checking hashes from package/zlib/zlib.hash\nERROR: zlib-1.tar.xz has wrong sha256 hash:\nmake: *** [all] Error 1\n")
    results.check("a source whose hash differs", "zlib-1.tar.xz is not the file that is pinned" in words and "do not use that mirror" in words, words)
    words = brmake.last_words("tar: write error: No space left on device\nmake[1]: *** [x] Error 2\n")
    results.check("a disk that fills up on the way", "make room" in words, words)
    words = brmake.last_words(">>> x\nerror: BusyBox lacks ip: switch that on\nmake[1]: *** [Makefile:7: target-post-build] Error 1\n")
    results.check("our own hooks' reason comes through", words.startswith("error: BusyBox lacks ip"), words)


def tree(folder, version, rust):
    """As much of a Buildroot as is looked at."""
    (folder / "package/rust").mkdir(parents=True)
    (folder / "Makefile").write_text(f"export BR2_VERSION := {version}\n")
    (folder / "package/rust/rust.mk").write_text(f"RUST_VERSION = {rust}\n")
    return folder


def without(folder, tool):
    """A PATH on which one tool is missing."""
    folder.mkdir()
    for place in ("/usr/sbin", "/usr/bin"):
        for path in pathlib.Path(place).iterdir():
            if path.name != tool and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    return str(folder)


def repository(folder):
    """A git repository that claims to be the pinned release."""
    tree(folder, brtree.RELEASE, "1.96.1")
    git = ["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@x"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "forged"], ["tag", brtree.RELEASE]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    return f"file://{folder}"
