"""Which Buildroot: BUILDROOT_DIR, or the pinned release, fetched and checked; and what must hold before anything is built."""

import os
import pathlib
import re
import shutil
import subprocess

from common import TOP, Failure, say

# The release that this tree is made for. The tag's commit names every file of it by hash.
RELEASE = "2026.05.1"
COMMIT = "cb857ba4c87a93e5265a9e4a3f32071abf39e14a"
MIRRORS = ("https://gitlab.com/buildroot.org/buildroot.git", "https://github.com/buildroot/buildroot.git")
# What Buildroot asks for and a plain Debian has not; board/setup.d/buildroot.list installs it.
TOOLS = ("bc", "bison", "bzip2", "cpio", "file", "flex", "g++", "gawk", "gcc", "git", "make", "patch", "perl", "rsync", "tar", "unzip", "wget", "xz")
ROOM_GB = 15


def ready(home, room_gb=ROOM_GB, elsewhere="HOTSPOT_OUT"):
    """A Buildroot tree that will do, on a computer that will do; else a Failure that says what to do. `elsewhere`: the variable that names `home`."""
    for tool in TOOLS:
        if not shutil.which(tool):
            raise Failure(f"{tool} is missing, which Buildroot needs: run board/setup buildroot")
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free / 1e9
    room = float(os.environ.get("BUILDROOT_ROOM_GB") or room_gb)
    if free < room and not (home / "output/images/rootfs.squashfs").exists():
        raise Failure(f"{home} has {free:.1f} GB free, and a build from source takes {room:.0f} GB: make room, or {elsewhere}=folder on another disk")
    given = os.environ.get("BUILDROOT_DIR")
    return check(pathlib.Path(given).resolve()) if given else check(fetch(home))


def check(tree):
    """The tree, if it is a Buildroot that has the Rust that the programs need."""
    try:
        version = re.search(r"^export BR2_VERSION := (\S+)", (tree / "Makefile").read_text(), re.M).group(1)
        rust = re.search(r"^RUST_VERSION = (\S+)", (tree / "package/rust/rust.mk").read_text(), re.M).group(1)
    except (OSError, AttributeError) as error:
        raise Failure(f"BUILDROOT_DIR={tree} is no Buildroot tree: name the folder of Buildroot {RELEASE}, or leave it out and it is fetched") from error
    needed = re.search(r'^rust-version = "([^"]+)"', (TOP / "Cargo.toml").read_text(), re.M).group(1)
    if numbers(rust) < numbers(needed):
        raise Failure(f"Buildroot {version} has Rust {rust}, and the programs need {needed}: use Buildroot {RELEASE} or later")
    if version != RELEASE:
        say(f"Buildroot {version}: this tree is made for {RELEASE}")
    return tree


def numbers(version):
    """1.91.0 as [1, 91, 0]."""
    return [int(n) for n in re.findall(r"\d+", version)]


def fetch(home):
    """The pinned release, below `home`; its commit is the hash."""
    tree = home / f"buildroot-{RELEASE}"
    if (tree / ".complete").exists():
        return tree
    shutil.rmtree(tree, ignore_errors=True)
    said = ""
    for mirror in (os.environ.get("BUILDROOT_MIRROR"), *MIRRORS):
        if not mirror:
            continue
        say(f"fetching Buildroot {RELEASE} from {mirror}")
        done = subprocess.run(["git", "clone", "--quiet", "--depth", "1", "--branch", RELEASE, mirror, tree], capture_output=True, text=True)
        if done.returncode == 0:
            return verify(tree, mirror)
        said = said or (done.stderr.strip().splitlines() or ["git failed"])[-1]
        shutil.rmtree(tree, ignore_errors=True)
    raise Failure(f"Buildroot {RELEASE} cannot be fetched ({said}): check the network, or BUILDROOT_DIR=folder with that release")


def verify(tree, mirror):
    """Refuses a tree whose commit is another."""
    commit = subprocess.run(["git", "-C", tree, "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    if commit != COMMIT:
        shutil.rmtree(tree, ignore_errors=True)
        raise Failure(f"{mirror} gives another Buildroot {RELEASE} than the pinned one (commit {commit[:12]}, wanted {COMMIT[:12]}): do not use it")
    (tree / ".complete").write_text(commit + "\n")
    return tree
