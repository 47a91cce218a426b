"""The folder that is filled, Buildroot's own pins beside it, and what is written down about each source."""

import hashlib
import re
import typing

from common import Failure, say

HASHES = {"sha256", "sha512", "sha1", "md5"}


class Entry(typing.NamedTuple):
    """One line of sources.list."""

    package: str
    how: str
    origin: str
    version: str | None


def read_list(path):
    """sources.list."""
    lines = [line.split("#")[0].split() for line in path.read_text().splitlines()]
    return [Entry(*words, *[None] * (4 - len(words))) for words in lines if words]


class Pin:
    """What Buildroot says about a package: version, patches, hashes."""

    def __init__(self, buildroot, package):
        self.package = package
        self.variable = re.sub(r"[^A-Z0-9]", "_", package.upper())
        found = [p for base in ("package", "boot", "linux") for p in (buildroot / base).glob(f"**/{package}.mk")
                 if p.parent.name == package]
        if not found:
            raise Failure(f"Buildroot has no package {package}: change buildroot-external/offline/sources.list")
        self.folder = found[0].parent
        self.text = found[0].read_text()
        plain = re.search(rf"^{self.variable}_VERSION *= *(\S+)$", self.text, re.M)
        self.version = plain.group(1) if plain else ""
        for name, value in re.findall(rf"^({self.variable}_VERSION_\w+) *= *(\S+)$", self.text, re.M):
            self.version = self.version.replace(f"$({name})", value)
        hash_files = [*self.folder.glob("*.hash"), *self.folder.glob("*/*.hash")]
        lines = [line.split() for path in hash_files for line in path.read_text().splitlines()]
        self.hashes = {words[2]: (words[0], words[1]) for words in lines if len(words) == 3 and words[0] in HASHES}

    def patches(self):
        """Buildroot's patches of its own version, in order."""
        versioned = self.folder / self.version if self.version else None
        folder = versioned if versioned and versioned.is_dir() else self.folder
        return sorted(folder.glob("*.patch"))

    def same(self, path):
        """The name under which Buildroot pins exactly these bytes, if it does."""
        for name, (kind, value) in self.hashes.items():
            if ".tar" in name or name.endswith((".tgz", ".zip")):
                with open(path, "rb") as file:
                    if hashlib.file_digest(file, kind).hexdigest() == value:
                        return name
        return None


class Place:
    """The folder."""

    def __init__(self, home, buildroot):
        self.home, self.buildroot = home, buildroot
        self.sources, self.trees, self.patches, self.kept = (home / n for n in ("sources", "trees", "patches", "kept"))
        for folder in (self.sources, self.trees, self.patches, self.kept):
            folder.mkdir(parents=True, exist_ok=True)
        self.rows, self.make, self.versions = [], [], {}

    def pin(self, package):
        """Buildroot's pin of a package."""
        return Pin(self.buildroot, package)

    def hash_of(self, package, name):
        """Writes the hash of a source that Buildroot does not pin."""
        with open(self.sources / name, "rb") as file:
            value = hashlib.file_digest(file, "sha256").hexdigest()
        path = self.patches / package / f"{package}.hash"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# Made by offline/prepare.\nsha256  {value}  {name}\n")

    def own_hashes(self, pin):
        """Buildroot's hashes of licence files are those of its own version."""
        hashes = self.patches / pin.package / f"{pin.package}.hash"
        self.make += [f"override {prefix}{pin.variable}_HASH_FILES := {hashes}" for prefix in ("", "HOST_")]

    def tree(self, pin, folder):
        """An unpacked tree in place of Buildroot's tarball."""
        self.make.append(f"{pin.variable}_OVERRIDE_SRCDIR = {folder}")
        self.own_hashes(pin)

    def note(self, package, pinned, built, how):
        """One row of the table."""
        self.rows.append((package, pinned, built, how))
        say(f"{package}: {built}: {how}")

    def finish(self):
        """Writes what was noted."""
        (self.home / "overrides.mk").write_text("# Made by offline/prepare.\n" + "\n".join(self.make) + "\n")
        (self.home / "table.tsv").write_text("".join("\t".join(row) + "\n" for row in self.rows))
        (self.home / "versions.env").write_text("".join(f"{k}={v}\n" for k, v in sorted(self.versions.items())))
