"""The bill of materials, SPDX 2.3 as JSON: every Debian part and every Rust crate of the image. The same each time."""

import json
import os
import re
import time
import tomllib
import urllib.parse
import uuid

import licences
from common import BOARD, OUT, TARGET, TOP, epoch, run, step, version
from unpack import key

FILE = OUT / "p2p-hotspot.spdx.json"
ARCHIVES = {"trixie-security": "http://deb.debian.org/debian-security/"}


def build(parts, folders):
    """Makes out/p2p-hotspot.spdx.json."""
    inputs = [parts, BOARD / "licences.list", BOARD / "build" / "lib", TOP / "Cargo.lock", TOP / "Cargo.toml", version(), epoch()]
    step("sbom", inputs, [FILE], lambda: FILE.write_text(text(parts, folders)))


def text(parts, folders):
    """The document as JSON."""
    return document([debian(part, folders[key(part)]) for part in parts] + crates())


def document(packages):
    """The document that has these packages, as JSON."""
    number, commit = version()
    image = {
        "SPDXID": "SPDXRef-image", "name": "p2p-hotspot", "versionInfo": f"{number}-{commit}", "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False, "licenseDeclared": "MIT OR Apache-2.0", "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
        "comment": "The programs and the image's own files are MIT OR Apache-2.0; each part has its own licence.",
    }
    references = sorted(set(re.findall(r"LicenseRef-[A-Za-z0-9.-]+", json.dumps(packages))))
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"p2p-hotspot-{number}-{commit}",
        "documentNamespace": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(packages, sort_keys=True) + commit)),
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch())), "creators": ["Tool: p2p-hotspot-image"]},
        "documentDescribes": ["SPDXRef-image"],
        "packages": [image, *packages],
        "hasExtractedLicensingInfos": [
            {"licenseId": r, "name": r.removeprefix("LicenseRef-"), "extractedText":
             "The text is with the packages that name it: /usr/share/hotspot/licences in the image."} for r in references
        ],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-image"}]
        + [{"spdxElementId": "SPDXRef-image", "relationshipType": "CONTAINS", "relatedSpdxElement": p["SPDXID"]} for p in packages],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def identifier(*words):
    """A valid SPDXRef."""
    return "SPDXRef-" + "-".join(re.sub(r"[^A-Za-z0-9.]+", "-", w) for w in words)


def purl(kind, name, number, query=""):
    """A package URL."""
    return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
             "referenceLocator": f"pkg:{kind}/{name}@{urllib.parse.quote(number, safe='.-~')}{query}"}]


def debian(part, folder):
    """A Debian package."""
    how = {"pinned": "As pinned in board/parts.lock.", "snapshot": "As pinned in board/parts.lock; from Debian's snapshot archive."}
    substituted = f"SUBSTITUTED: board/parts.lock pins {part.get('pin')} {part.get('pinned_version')}, which Debian no longer has."
    return {
        "SPDXID": identifier("deb", part["name"]), "name": part["name"], "versionInfo": part["version"],
        "supplier": "Organization: Debian", "filesAnalyzed": False,
        "downloadLocation": ARCHIVES.get(part["suite"], "http://deb.debian.org/debian/") + part["path"],
        "checksums": [{"algorithm": "SHA256", "checksumValue": part["sha256"]}],
        "sourceInfo": f"Debian source package {part['source']} {part['source_version']}, suite {part['suite']}, component {part['component']}",
        "licenseDeclared": licences.declared(part["name"], folder, firmware_files(part["name"], folder)),
        "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
        "externalRefs": purl("deb", f"debian/{part['name']}", part["version"], f"?arch={part['arch']}&distro={part['suite']}"),
        "comment": how.get(part["how"], substituted),
    }


def firmware_files(package, folder):
    """Files of a firmware package that ship, below usr/lib/firmware."""
    if not package.startswith("firmware-"):
        return None
    lines = [line.split() for line in (BOARD / "root.files").read_text().splitlines() if line.startswith(package + " ")]
    base = folder / "usr/lib/firmware"
    return [str(path.relative_to(base)) for words in lines for path in sorted(folder.glob(words[1]))]


def crates():
    """The Rust crates that are linked into our programs, and the standard library."""
    env = dict(os.environ, PATH="/usr/bin:" + os.environ.get("PATH", ""))
    args = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET]
    data = json.loads(run(*args, cwd=TOP, env=env))
    sums = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.loads((TOP / "Cargo.lock").read_text())["package"]}
    nodes = {n["id"]: n for n in data["resolve"]["nodes"]}
    packages = {p["id"]: p for p in data["packages"]}
    linked, queue = set(), [i for i, p in packages.items() if p["name"] == "hotspot"]
    while queue:
        current = queue.pop()
        if current not in linked:
            linked.add(current)
            queue += [d["pkg"] for d in nodes[current]["deps"] if any(k["kind"] is None for k in d["dep_kinds"])]
    found = [crate(packages[i], sums) for i in linked]
    release = run("rustc", "-V", env=env).decode().split()[1]
    found.append({
        "SPDXID": identifier("rust", "std"), "name": "rust-std", "versionInfo": release, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
        "licenseDeclared": "MIT OR Apache-2.0", "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
        "comment": "Rust's standard library, linked statically with glibc by the compiler's Debian package.",
    })
    return sorted(found, key=lambda p: p["SPDXID"])


def crate(package, sums):
    """One crate."""
    entry = {
        "SPDXID": identifier("crate", package["name"], package["version"]), "name": package["name"], "versionInfo": package["version"],
        "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
        "licenseDeclared": (package["license"] or "NOASSERTION").replace("/", " OR "),
        "sourceInfo": "this project" if package["source"] is None else "crates.io",
        "externalRefs": purl("cargo", package["name"], package["version"]),
    }
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": checksum}]
    return entry
