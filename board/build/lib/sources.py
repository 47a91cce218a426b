"""What our programs are built from, and the release tarball of it that brings its crates along."""

import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

from common import OUT, TOP, Failure, fresh, run, say, sha256

# Everything cargo reads, and the licences; not the whole checkout, so that a change of a page or a test is none of the programs.
PATHS = ("Cargo.toml", "Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT", ".cargo/config.toml", "board/layout.env", "lab/station", "rust")
PACKAGE = TOP / "buildroot-external" / "package" / "p2p-hotspot"
HASH = PACKAGE / "p2p-hotspot.hash"


def release():
    """The workspace's version."""
    return re.search(r'^version = "([^"]+)"', (TOP / "Cargo.toml").read_text(), re.M).group(1)


def copy(target):
    """The checkout's files that the programs are built from, into a folder: what git knows, as it is on the disk."""
    try:
        names = run("git", "-C", TOP, "ls-files", "-z", "--", *PATHS).decode().split("\0")[:-1]
    except Failure:
        names = [str(p.relative_to(TOP)) for path in PATHS for p in ([TOP / path] if (TOP / path).is_file() else sorted((TOP / path).rglob("*")))]
    fresh(target)
    for name in names:
        source = TOP / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def export(commit, target):
    """The same files of a commit."""
    fresh(target)
    archive = run("git", "-C", TOP, "archive", commit, "--", *[p for p in PATHS if exists(commit, p)])
    # Git's own archive. Debian 12's Python has no extraction filter yet, so tar it is.
    subprocess.run(["tar", "-x", "-C", str(target)], input=archive, check=True)


def exists(commit, path):
    """True if a commit has a path."""
    return bool(run("git", "-C", TOP, "ls-tree", commit, path))


def dist(commit, folder):
    """FOLDER/p2p-hotspot-VERSION-vendored.tar.gz of a commit, byte for byte the same each time. Returns it."""
    stamp = int(run("git", "-C", TOP, "log", "-1", "--format=%ct", commit))
    with tempfile.TemporaryDirectory(prefix="hotspot-dist-", dir="/var/tmp") as work:
        tree = pathlib.Path(work) / "tree"
        export(commit, tree)
        version = re.search(r'^version = "([^"]+)"', (tree / "Cargo.toml").read_text(), re.M).group(1)
        env = dict(os.environ, PATH="/usr/bin:" + os.environ.get("PATH", ""))
        config = run("cargo", "vendor", "--locked", "--versioned-dirs", "VENDOR", cwd=tree, env=env).decode()
        with open(tree / ".cargo/config.toml", "a") as file:
            file.write("\n" + config)
        for crate in (tree / "VENDOR").glob("win[da]*"):
            hollow(crate)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"p2p-hotspot-{version}-vendored.tar.gz"
        pack(tree, f"p2p-hotspot-{version}", stamp, target)
    return target


def hollow(crate):
    """Leaves of a crate for another system what cargo wants to see: it is never compiled, and these are nine tenths of the bytes."""
    manifest = (crate / "Cargo.toml").read_bytes()
    package = json.loads((crate / ".cargo-checksum.json").read_text())["package"]
    fresh(crate)
    (crate / "src").mkdir()
    (crate / "src/lib.rs").write_text("")
    (crate / "Cargo.toml").write_bytes(manifest)
    (crate / ".cargo-checksum.json").write_text(json.dumps({"files": {}, "package": package}))


def pack(tree, name, stamp, target):
    """A tar.gz in which only names and contents count."""
    with open(target, "wb") as raw, gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=stamp) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(tree.rglob("*")):
            if path.is_dir():
                continue
            info = tarfile.TarInfo(f"{name}/{path.relative_to(tree)}")
            info.size, info.mtime, info.mode = path.stat().st_size, stamp, 0o755 if path.stat().st_mode & 0o100 else 0o644
            with open(path, "rb") as file:
                tar.addfile(info, file)


def recorded():
    """(commit, SHA-256 of its tarball) that the package's hash file has."""
    found = re.search(r"^# `make dist COMMIT=(\w+)`.*\nsha256  (\w{64})  p2p-hotspot-", HASH.read_text(), re.M)
    if not found:
        raise Failure(f"{HASH.name} names no tarball: `make dist` writes it")
    return found.groups()


def record(commit, tarball):
    """Writes the package's hash file."""
    lines = [f"# `make dist COMMIT={commit}` makes this tarball.", f"sha256  {sha256(tarball)}  {tarball.name}", "# Licences."]
    lines += [f"sha256  {sha256(TOP / name)}  {name}" for name in ("LICENSE-APACHE", "LICENSE-MIT")]
    HASH.write_text("\n".join(lines) + "\n")


def main(args):
    """Entry point of board/build/release: `checkout FOLDER`, or `dist [COMMIT]`."""
    if args[:1] == ["checkout"] and len(args) == 2:
        copy(pathlib.Path(args[1]))
        return 0
    if args[:1] == ["dist"] and len(args) <= 2:
        commit = run("git", "-C", TOP, "rev-parse", "--verify", f"{args[1] if len(args) == 2 else 'HEAD'}^{{commit}}").decode().strip()
        tarball = dist(commit, OUT / "dist")
        record(commit, tarball)
        say(f"{tarball}: {tarball.stat().st_size / 1e6:.1f} MB; {HASH.relative_to(TOP)} has its hash")
        return 0
    raise Failure("usage: board/build/release checkout FOLDER | dist [COMMIT]")
