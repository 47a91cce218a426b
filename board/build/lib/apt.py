"""A private apt: own state, cache and sources, Debian's archive keys checked, no root needed."""

import os
import pathlib
import re
import subprocess

from common import OUT, Failure, fresh

KEYS = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
SECURITY = os.environ.get("DEBIAN_SECURITY_MIRROR", "http://deb.debian.org/debian-security")
SNAPSHOT = os.environ.get("DEBIAN_SNAPSHOT", "https://snapshot.debian.org/archive")
RELEASE = "trixie"
COMPONENTS = "main non-free-firmware"


class Apt:
    """One set of sources. `timestamp` (20260131T000000Z) takes Debian's snapshot archive as of then."""

    def __init__(self, timestamp=None):
        self.timestamp = timestamp
        self.home = OUT / "parts" / (f"apt-{timestamp}" if timestamp else "apt")
        self.config = self.home / "apt.conf"
        if not KEYS.exists():
            raise Failure(f"{KEYS} is missing; run board/setup")

    def sources(self):
        """The text of sources.list."""
        if self.timestamp:
            options, debian = "check-valid-until=no ", f"{SNAPSHOT}/debian/{self.timestamp}"
            security = f"{SNAPSHOT}/debian-security/{self.timestamp}"
        else:
            options, debian, security = "", MIRROR, SECURITY
        options = f"[{options}signed-by={KEYS}]"
        return (
            f"deb {options} {debian} {RELEASE} {COMPONENTS}\n"
            f"deb {options} {debian} {RELEASE}-updates {COMPONENTS}\n"
            f"deb {options} {security} {RELEASE}-security {COMPONENTS}\n"
        )

    def prepare(self):
        """Writes the configuration and reads the package lists. Failure if the archive cannot be reached or its signature is wrong."""
        fresh(self.home)
        for folder in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d", "log"):
            (self.home / folder).mkdir(parents=True)
        (self.home / "status").write_text("")
        (self.home / "etc/sources.list").write_text(self.sources())
        # The host's proxy settings count (/etc/apt/apt.conf.d); its sources, keys and state do not.
        slow = 'Acquire::Retries "3";' if not self.timestamp else 'Acquire::Retries "0"; Acquire::https::Timeout "10"; Acquire::http::Timeout "10";'
        self.config.write_text(
            f'Dir::State "{self.home}/state"; Dir::State::status "{self.home}/status"; Dir::Cache "{self.home}/cache";\n'
            f'Dir::Etc::sourcelist "{self.home}/etc/sources.list"; Dir::Etc::sourceparts "/dev/null";\n'
            f'Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "{self.home}/etc/preferences.d";\n'
            f'Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "{self.home}/etc/preferences.d"; Dir::Log "{self.home}/log";\n'
            f'APT::Architecture "arm64"; APT::Architectures {{ "arm64"; }}; Acquire::Languages "none";\n'
            f'APT::Sandbox::User ""; APT::Update::Error-Mode "any"; {slow}\n'
        )
        self.call("apt-get", "-q", "update")

    def call(self, *args, cwd=None):
        """Runs an apt program on this configuration; returns its output."""
        env = dict(os.environ, APT_CONFIG=str(self.config), LC_ALL="C")
        # Container images switch apt's package cache off: on again, or each call parses all lists.
        args = (args[0], "-o", "Dir::Cache::pkgcache=pkgcache.bin", "-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin", *args[1:])
        try:
            done = subprocess.run(args, env=env, cwd=cwd, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise Failure(f"{args[0]} is missing: parts come through apt, so build on Debian") from error
        if done.returncode != 0:
            lines = [l for l in done.stderr.splitlines() if l.startswith("E:")] or done.stderr.splitlines()[-1:]
            raise Failure(f"{args[0]} {args[-1]}: {' / '.join(lines[:2])}")
        return done.stdout

    def versions(self, names):
        """Every known version of each package, best first: {name: [part]} (see `part`)."""
        found = {name: [] for name in names}
        where = {}
        for line in self.call("apt-cache", "madison", *names).splitlines():
            name, version, source = [f.strip() for f in line.split("|")]
            where.setdefault((name, version), re.search(r"(\S+)/(\S+) \S+ Packages$", source).groups())
        there = sorted({name for name, _ in where})
        # `show` of names that are all unknown fails.
        for stanza in (self.call("apt-cache", "show", *there) if there else "").split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", stanza, re.M))
            name = fields.get("Package")
            if name in found and (name, fields["Version"]) in where:
                found[name].append(part(fields, *where[(name, fields["Version"])]))
        return found

    def download(self, parts, folder):
        """Downloads one version each of several packages into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.call("apt-get", "-q", "download", *[f"{p['name']}={p['version']}" for p in parts], cwd=folder)


def part(fields, suite, component):
    """What the lock records about a package."""
    source = re.match(r"(\S+)(?: \((\S+)\))?", fields.get("Source", fields["Package"]))
    return {
        "name": fields["Package"],
        "version": fields["Version"],
        "arch": fields["Architecture"],
        "suite": suite,
        "component": component,
        "path": fields["Filename"],
        "size": int(fields["Size"]),
        "sha256": fields["SHA256"],
        "source": source.group(1),
        "source_version": source.group(2) or fields["Version"],
        "depends": fields.get("Depends", ""),
    }


def deb_name(part_):
    """The file name that apt-get gives to a download."""
    return f"{part_['name']}_{part_['version'].replace(':', '%3a')}_{part_['arch']}.deb"
