"""Debian source packages: their original tarballs, as they are, under another version, or unpacked."""

import fnmatch
import functools
import os
import pathlib
import re
import shutil
import subprocess

import apt
from common import Failure, fresh, run

RELEASES = ("sid", "forky", "trixie", "bookworm", "bullseye")


class SourceApt(apt.Apt):
    """A private apt with source lists of several Debian releases: what one has moved on from, another may still have."""

    def __init__(self, home):
        super().__init__()
        self.home = home
        self.config = home / "apt.conf"

    def sources(self):
        """The text of sources.list."""
        lines = ""
        for release in RELEASES:
            suites = [(apt.MIRROR, release)]
            if release != "sid":
                suites.append((apt.SECURITY, f"{release}-security"))
            for base, suite in suites:
                lines += f"deb-src [signed-by={apt.KEYS}] {base} {suite} main\n"
        return lines


class Source:
    """Debian's sources, asked only when something is missing."""

    def __init__(self, place):
        self.place = place

    @functools.cached_property
    def apt(self):
        """The package lists, read once."""
        found = SourceApt(self.place.home / "apt")
        found.prepare()
        return found

    def bring(self, place, entry):
        """One package of sources.list."""
        pin = place.pin(entry.package)
        if entry.package == "uboot":
            pin.version = ""
        tarball, version = self.fetch(entry, pin)
        same = pin.same(tarball)
        if same:
            link(tarball, place.sources / same)
            return place.note(entry.package, pin.version, version, "the very bytes that Buildroot pins")
        if entry.package in ("linux", "uboot"):
            name = f"linux-{version}.tar.xz" if entry.package == "linux" else f"u-boot-{version}.tar.bz2"
            link(tarball, place.sources / name)
            place.hash_of(entry.package, name)
            place.versions[entry.package.upper()] = version
            return place.note(entry.package, "its own", version, "Debian's tarball of it")
        tree = unpack(tarball, place.trees / entry.package)
        if not (tree / "configure.ac").exists() and (tree / entry.package / "configure.ac").exists():
            tree = tree / entry.package
        fit, misfit = patches_that_fit(pin, tree)
        ready = (tree / "configure").exists() or "autotools-package" not in pin.text
        if not misfit and ready:
            shutil.rmtree(place.trees / entry.package)
            link(tarball, place.sources / tarball.name)
            place.hash_of(entry.package, tarball.name)
            place.make += [f"override {pin.variable}_VERSION := {version}", f"override {pin.variable}_SOURCE := {tarball.name}"]
            place.own_hashes(pin)
            how = "Debian's tarball of the same version" if version == pin.version else "Debian's version"
            return place.note(entry.package, pin.version, version, how)
        for patch in fit:
            run("patch", "-p1", "-d", tree, "-i", patch)
        if not ready:
            run("autoreconf", "-fi", cwd=tree)
        place.tree(pin, tree)
        if f"{pin.variable}_VERSION_MAJOR" in pin.text:
            place.make.append(f"override {pin.variable}_VERSION_MAJOR := {'.'.join(version.split('.')[:2])}")
        left = f"without Buildroot's {' '.join(p.name[:4] for p in misfit)}" if misfit else "with Buildroot's patches"
        place.note(entry.package, pin.version, version, f"Debian's version, unpacked, {left if pin.patches() else 'no patches'}")
        return None

    def fetch(self, entry, pin):
        """(tarball, upstream version): kept from before, Buildroot's version, else the newest that the mirror really has."""
        folder = self.place.kept / entry.package
        there = sorted(p for p in folder.glob("*.tar.*") if not p.name.endswith(".asc")) if (folder / "version").exists() else []
        if there:
            return there[0], (folder / "version").read_text()
        versions = self.versions(entry)
        versions.sort(key=lambda v: upstream(v) != pin.version)
        for version in versions[:12]:
            fresh(folder)
            try:
                self.apt.call("apt-get", "-q", "source", "--download-only", "--tar-only", f"{entry.origin}={version}", cwd=folder)
            except Failure:
                continue
            found = [p for p in folder.glob("*.tar.*") if not re.search(r"\.asc$|\.orig-|\.debian\.", p.name)]
            if found:
                (folder / "version").write_text(upstream(version))
                return found[0], upstream(version)
        raise Failure(f"Debian's mirror has no source of {entry.origin} {entry.version or ''}: try again later, "
                      "or name another version in sources.list")

    def versions(self, entry):
        """Known versions, newest first."""
        text = self.apt.call("apt-cache", "showsrc", entry.origin)
        found = {v for block in text.split("\n\n") if re.search(rf"^Package: {re.escape(entry.origin)}$", block, re.M)
                 for v in re.findall(r"^Version: (\S+)$", block, re.M)}
        fitting = [v for v in found if not entry.version or fnmatch.fnmatch(upstream(v), entry.version)]
        return sorted(fitting, key=functools.cmp_to_key(newest_first))


def newest_first(one, other):
    """Order of Debian versions, as dpkg has it."""
    return -1 if subprocess.run(["dpkg", "--compare-versions", one, "gt", other]).returncode == 0 else 1


def upstream(version):
    """The upstream version of a Debian one: no epoch, no revision, nothing about repacking."""
    plain = re.sub(r"^\d+:", "", version)
    plain = plain.rsplit("-", 1)[0] if "-" in plain else plain
    plain = re.sub(r"^.*\+really", "", plain)
    return re.sub(r"[.+~](dfsg|ds|deb\d+u)\d*.*$", "", plain)


def link(source, target):
    """A second name for a file."""
    target.unlink(missing_ok=True)
    os.link(source, target)


def unpack(tarball, tree):
    """A tarball's only folder as `tree`."""
    fresh(tree)
    run("tar", "-xf", tarball, "-C", tree, "--strip-components=1", "--no-same-owner")
    return tree


def patches_that_fit(pin, tree):
    """(those of Buildroot's patches that apply one after the other, those that do not)."""
    fit, misfit = [], []
    trial = pathlib.Path(f"{tree}.trial")
    if not pin.patches():
        return fit, misfit
    fresh(trial)
    run("cp", "-a", f"{tree}/.", trial)
    for patch in pin.patches():
        done = subprocess.run(["patch", "-p1", "-s", "-f", "--dry-run", "-d", trial, "-i", patch], capture_output=True)
        if done.returncode == 0:
            run("patch", "-p1", "-s", "-f", "-d", trial, "-i", patch)
        (fit if done.returncode == 0 else misfit).append(patch)
    shutil.rmtree(trial)
    return fit, misfit
