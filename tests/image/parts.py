#!/usr/bin/env python3
"""The parts lock where Debian has moved on: a pin that is gone, a kernel whose very name is gone, a package that is not the pinned one.

Needs the network that the build needs; the cache of a finished build spares the downloads.
"""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
DONE = pathlib.Path(os.environ.get("HOTSPOT_OUT", TOP / "out"))
WORK = tempfile.TemporaryDirectory(prefix="hotspot-parts-", dir="/var/tmp")
os.environ["HOTSPOT_OUT"] = WORK.name
# The snapshot archive is not there: port 9 of this computer answers nobody.
os.environ["DEBIAN_SNAPSHOT"] = "http://127.0.0.1:9/archive"
sys.path.insert(0, str(TOP / "board" / "build" / "lib"))
sys.dont_write_bytecode = True

import parts  # noqa: E402
import sbom  # noqa: E402
import unpack  # noqa: E402
from common import Failure  # noqa: E402

results = []


def check(name, good, seen=""):
    """Counts one result."""
    results.append(bool(good))
    print(f"{'ok' if good else 'FAILED'}: {name}" + ("" if good else f": {str(seen)[:600]}"))


def lock(*entries):
    """Writes a lock of these entries."""
    text = 'timestamp = "20200101T000000Z"\n'
    for entry in entries:
        text += "\n[[part]]\n" + "".join(f'{k} = {v if isinstance(v, int) else repr(v).replace(chr(39), chr(34))}\n' for k, v in entry.items())
    parts.LOCK.write_text(text)


def fetch():
    """(parts, what was said on stderr, seconds)"""
    said, began = io.StringIO(), time.monotonic()
    with contextlib.redirect_stderr(said):
        found = parts.fetch()
    return found, said.getvalue(), time.monotonic() - began


def main():
    """All cases."""
    _, pinned = parts.read_lock()
    by_name = {unpack.key(p): p for p in pinned}
    parts.LOCK = pathlib.Path(WORK.name) / "parts.lock"
    parts.DEBS.parent.mkdir(parents=True)
    parts.DEBS.symlink_to(DONE / "parts" / "debs")
    small, kernel = by_name["libmnl0"], by_name["linux-image-arm64"]
    # What Debian has today of one part, pinned: this test is of the two below, whatever else of the lock has moved on meanwhile.
    lock(by_name["wireless-regdb"])
    served = fetch()[0][0]
    regdb = {k: served[k] for k in by_name["wireless-regdb"]}
    old = dict(small, version="0.0.1-1", sha256="0" * 64)
    lock(dict(kernel, name="linux-image-6.12.1+deb13-arm64", version="6.12.1-1", sha256="0" * 64), old, regdb)
    found, said, seconds = fetch()
    check("all parts are there, in the lock's order", [unpack.key(p) for p in found] == ["linux-image-arm64", "libmnl0", "wireless-regdb"], found)
    check("how each was got", [p["how"] for p in found] == ["substituted", "substituted", "pinned"], found)
    check("the kernel is today's", found[0]["name"].startswith("linux-image-6.") and found[0]["version"] != "6.12.1-1", found[0])
    check("it is said loudly, each part", said.count("is pinned but gone from Debian") == 2 and "snapshot" in said, said)
    check("an unreachable snapshot archive costs little time", seconds < 60, seconds)
    folder = unpack.unpack(found[1:2])["libmnl0"]
    comment = sbom.debian(found[1], folder)["comment"]
    check("the bill of materials says it", "SUBSTITUTED" in comment and "0.0.1-1" in comment, comment)
    again, said, seconds = fetch()
    check("again: nothing is fetched, and it is still said", again == found and seconds < 5 and said.count("gone from Debian") == 2, (seconds, said))
    parts.DEBS.unlink()
    lock(dict(small, sha256="0" * 64))
    try:
        fetch()
        check("a package that differs from its pin is refused", False)
    except Failure as failure:
        check("a package that differs from its pin is refused", "SHA-256 differs" in str(failure), failure)
        check("and not kept", not list(parts.DEBS.glob("libmnl0*")))
    parts.LOCK.write_text("timestamp = 1\n[[part")
    try:
        fetch()
        check("a broken lock", False)
    except Failure as failure:
        check("a broken lock says what to do", "parts refresh" in str(failure), failure)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


sys.exit(main())
