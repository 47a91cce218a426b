"""The parts lock: what it says, how it is met, and how it is rewritten."""

import json
import re
import time
import tomllib

from apt import Apt, deb_name
from common import BOARD, OUT, Failure, say, sha256, warn

LIST = BOARD / "parts.list"
LOCK = BOARD / "parts.lock"
DEBS = OUT / "parts" / "debs"
RESOLVED = OUT / "parts" / "resolved.json"
KEPT = ("name", "via", "version", "arch", "suite", "component", "path", "size", "sha256", "source", "source_version")


def wanted():
    """board/parts.list: [(name, is a package that leads to the kernel's)]."""
    lines = [line.split() for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return [(words[-1], words[0] == "kernel") for words in lines]


def read_lock():
    """(timestamp, parts) of the lock."""
    try:
        lock = tomllib.loads(LOCK.read_text())
        return lock["timestamp"], lock["part"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise Failure(f"{LOCK.name} cannot be read ({error}); `board/build/parts refresh` writes a new one") from error


def current(apt, name, is_kernel):
    """The suite's current version of a package; of a kernel's leading package, the image that it depends on."""
    found = apt.versions([name])[name]
    if not found:
        raise Failure(f"Debian has no package {name} any more; change board/parts.list")
    if not is_kernel:
        return found[0]
    image = re.match(r"(linux-image-\S+) ", found[0]["depends"]).group(1)
    return dict(apt.versions([image])[image][0], via=name)


def refresh():
    """Rewrites the lock with the suite's current versions."""
    apt = Apt()
    apt.prepare()
    lines = [
        "# Debian packages of the image, pinned. Written by `board/build/parts refresh` from board/parts.list: do not edit.",
        "# `timestamp` is the moment of Debian's snapshot archive that has all of these.",
        f'timestamp = "{time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}"',
    ]
    for name, is_kernel in wanted():
        part = current(apt, name, is_kernel)
        lines += ["", "[[part]]"] + [f"{key} = {json.dumps(part[key])}" for key in KEPT if key in part]
    LOCK.write_text("\n".join(lines) + "\n")
    say(f"{LOCK.relative_to(BOARD.parent)}: {len(wanted())} parts pinned")


def stored(part):
    """True if this very package is in the cache."""
    path = DEBS / deb_name(part)
    return path.exists() and path.stat().st_size == part["size"] and sha256(path) == part["sha256"]


def fetch():
    """Brings every part of the lock into out/parts/debs. Returns [part], each with `how`: pinned, snapshot or substituted."""
    timestamp, parts = read_lock()
    lock_hash = sha256(LOCK)
    try:
        before = json.loads(RESOLVED.read_text())
        if before["lock"] == lock_hash and all(stored(p) for p in before["parts"]):
            remind(before["parts"])
            return before["parts"]
    except (OSError, ValueError, KeyError):
        pass
    done = [dict(p, how="pinned") for p in parts if stored(p)]
    missing = [p for p in parts if not stored(p)]
    if missing:
        done += fetch_missing(missing, timestamp)
    order = {p["name"]: i for i, p in enumerate(parts)}
    done.sort(key=lambda p: order.get(p.get("pin", p["name"]), 0))
    RESOLVED.parent.mkdir(parents=True, exist_ok=True)
    RESOLVED.write_text(json.dumps({"lock": lock_hash, "parts": done}, indent=1))
    return done


def fetch_missing(missing, timestamp):
    """Downloads parts: the pin where the mirror still has it, else from the snapshot archive, else the suite's current version."""
    say(f"fetching {len(missing)} parts, {sum(p['size'] for p in missing) >> 20} MiB")
    apt = Apt()
    apt.prepare()
    known = apt.versions(list(dict.fromkeys(p["name"] for p in missing)))
    done, gone = [], []
    for part in missing:
        there = any(p["version"] == part["version"] for p in known[part["name"]])
        (done if there else gone).append(dict(part, how="pinned"))
    get(apt, done)
    snapshot = open_snapshot(timestamp) if gone else None
    for part in gone:
        done.append(replace(part, apt, snapshot))
    return done


def get(apt, parts):
    """Downloads parts and checks the SHA-256 of each."""
    if parts:
        apt.download(parts, DEBS)
    for part in parts:
        if not stored(part):
            (DEBS / deb_name(part)).unlink(missing_ok=True)
            raise Failure(f"{part['name']} {part['version']} is not the package that board/parts.lock pins (SHA-256 differs); do not use this mirror")


def open_snapshot(timestamp):
    """The snapshot archive at the lock's moment, or None where it cannot be reached."""
    try:
        apt = Apt(timestamp)
        apt.prepare()
        return apt
    except Failure as failure:
        warn(f"Debian's snapshot archive cannot be used: {failure}")
        return None


def replace(part, apt, snapshot):
    """A part whose pin has left the mirror."""
    if snapshot:
        try:
            get(snapshot, [part])
            return dict(part, how="snapshot")
        except Failure as failure:
            warn(str(failure))
    other = current(apt, part.get("via", part["name"]), "via" in part)
    other = {key: other[key] for key in KEPT if key in other}
    if not stored(other):
        get(apt, [other])
    other = dict(other, how="substituted", pin=part["name"], pinned_version=part["version"])
    remind([other])
    return other


def remind(parts):
    """Says loudly which parts are not the pinned ones."""
    for part in parts:
        if part["how"] == "substituted":
            warn(f"{part['pin']} {part['pinned_version']} is pinned but gone from Debian; this image has {part['name']} {part['version']} instead"
                 " (the SBOM says so; `board/build/parts refresh` pins what is current)")
