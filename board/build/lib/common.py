"""Paths, the card's layout, and steps that run only when what they read has changed."""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
BOARD = TOP / "board"
OUT = pathlib.Path(os.environ.get("HOTSPOT_OUT", TOP / "out"))
TARGET = "aarch64-unknown-linux-gnu"
MIB = 1 << 20


class Failure(Exception):
    """One line that says what is wrong and what to do."""


def say(text):
    """One line of progress."""
    print(f"image: {text}", flush=True)


def warn(text):
    """Something that the person at the terminal must see."""
    print(f"image: WARNING: {text}", file=sys.stderr, flush=True)


def run(*args, **kwargs):
    """Runs a command; its own words go to the Failure if it fails."""
    words = [str(a) for a in args]
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
    except FileNotFoundError as error:
        raise Failure(f"{words[0]} is missing: board/setup installs it") from error
    if done.returncode != 0:
        tail = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
        raise Failure(f"`{' '.join(words)[:200]}` failed ({done.returncode}): {' / '.join(tail)}")
    return done.stdout


def layout():
    """board/layout.env as a dictionary of numbers."""
    found = re.findall(r"^(\w+)=(\w+)\s*$", (BOARD / "layout.env").read_text(), re.M)
    return {name: int(value, 0) for name, value in found}


def epoch():
    """Time stamp of everything in the image: SOURCE_DATE_EPOCH, else the last commit's time."""
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return int(os.environ["SOURCE_DATE_EPOCH"])
    try:
        return int(run("git", "-C", TOP, "log", "-1", "--format=%ct"))
    except (Failure, OSError, ValueError):
        return 1767225600  # not a git checkout: 2026-01-01


def version():
    """What the box calls its release: number of commits (or SEQ) and the commit's short name; HOTSPOT_VERSION ("12 abcdef") where git is not."""
    if os.environ.get("HOTSPOT_VERSION"):
        count, commit = os.environ["HOTSPOT_VERSION"].split()
        return int(count), commit
    try:
        count = os.environ.get("SEQ") or run("git", "-C", TOP, "rev-list", "--count", "HEAD").decode().strip()
        return int(count), run("git", "-C", TOP, "rev-parse", "--short=12", "HEAD").decode().strip()
    except (Failure, OSError):
        return 0, "unknown"


def sha256(path):
    """SHA-256 of a file, as hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(*inputs):
    """A hash over files, folders (names, modes, contents) and plain values."""
    total = hashlib.sha256()
    for item in inputs:
        if isinstance(item, pathlib.Path):
            paths = sorted(item.rglob("*")) if item.is_dir() else [item]
            for path in paths:
                if "__pycache__" in path.parts:
                    continue
                total.update(str(path.relative_to(item.parent)).encode() + b"\0")
                if path.is_symlink():
                    total.update(os.readlink(path).encode())
                elif path.is_file():
                    total.update(f"{path.stat().st_mode & 0o111:o} {sha256(path)}".encode())
        else:
            total.update(repr(item).encode() + b"\0")
    return total.hexdigest()


def step(name, inputs, outputs, build):
    """Runs `build()` unless its outputs exist and its inputs are those of the last good run. True if it ran."""
    stamp = OUT / "stamps" / name
    key = fingerprint(*inputs)
    if all(pathlib.Path(o).exists() for o in outputs) and stamp.exists() and stamp.read_text() == key:
        return False
    began = time.monotonic()
    stamp.unlink(missing_ok=True)
    build()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    say(f"{name}: {time.monotonic() - began:.1f} s")
    return True


def fresh(folder):
    """Empties a folder of ours."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def alone():
    """Waits until no other build works in this output folder; holds it until the process ends."""
    OUT.mkdir(parents=True, exist_ok=True)
    lock = os.open(OUT / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("another build is at work here; waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)


def main(function):
    """Runs a command's main, with errors as one line."""
    try:
        sys.exit(function(sys.argv[1:]))
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"error: {error.filename or 'the build'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
