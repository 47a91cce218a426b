"""The packages that Buildroot put into the image, as they were really built: the bill of materials and the licence texts."""

import pathlib
import re
import shutil
import typing

import licences
import sbom
from common import BOARD, OUT, fresh, sha256

FILE = sbom.FILE
# Skeletons and the like: nothing of theirs is anybody's work.
NOBODYS = re.compile(r"skeleton|toolchain$|toolchain-external$|toolchain-buildroot$|p2p-hotspot$|gcc-final$")


class Package(typing.NamedTuple):
    """One line of packages.txt, which external.mk writes."""

    name: str
    version: str
    licence: str
    files: list
    origin: str
    folder: pathlib.Path


def read():
    """All packages of the image but our own."""
    found = []
    for line in (OUT / "packages.txt").read_text().splitlines():
        name, version, licence, files, origin, folder = line.split("|")
        if not NOBODYS.search(name):
            found.append(Package(name, real_version(name, version), licence, files.split(), origin, pathlib.Path(folder)))
    return found


def real_version(name, version):
    """What was built where Buildroot only says `custom`: `make check-buildroot` writes it down."""
    table = OUT / "table.tsv"
    if version not in ("custom", "") or not table.exists():
        return version
    rows = dict(line.split("\t")[::2][:2] for line in table.read_text().splitlines())
    return rows.get(name, version)


def expression(package):
    """Buildroot's words for a licence as an SPDX expression."""
    for line in (BOARD / "licences.list").read_text().splitlines():
        if line.startswith(package.name + " "):
            return line.split(None, 1)[1]
    plain = re.sub(r"\([^)]*\)", "", package.licence)
    terms = [licences.expression(part) for part in plain.split(",") if part.strip()]
    return " AND ".join(dict.fromkeys(f"({t})" if " OR " in t and len(terms) > 1 else t for t in terms)) or "NOASSERTION"


def bill():
    """Writes the bill of materials."""
    packages = [{
        "SPDXID": sbom.identifier("buildroot", package.name), "name": package.name, "versionInfo": package.version,
        "downloadLocation": package.origin if re.match(r"(https?|git)(\+|:)", package.origin) else "NOASSERTION", "filesAnalyzed": False,
        "licenseDeclared": expression(package), "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
        "sourceInfo": f"built from source by Buildroot{'' if package.origin else ', from sources given in place of its own'}",
    } for package in read()]
    FILE.write_text(sbom.document(packages + sbom.crates()))


def licence_texts(target):
    """Each package's licence files as one, equal ones once."""
    home = fresh(target / "usr/share/hotspot/licences")
    seen = {}
    for package in read():
        text = "".join(path.read_text(errors="replace") for path in map(package.folder.joinpath, package.files) if path.is_file())
        if not text:
            continue
        (home / package.name).write_text(text)
        first = seen.setdefault(sha256(home / package.name), package.name)
        if first != package.name:
            (home / package.name).unlink()
            (home / package.name).symlink_to(first)
    for path in (BOARD.parent / "LICENSE-MIT", BOARD.parent / "LICENSE-APACHE"):
        shutil.copyfile(path, home / path.name)
