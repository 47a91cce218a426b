"""Licences of Debian packages, as SPDX expressions, from their machine-readable copyright files (DEP-5)."""

import fnmatch
import re

from common import BOARD, Failure

# Debian's short names that differ from SPDX's.
NAMES = {
    "apache-2": "Apache-2.0", "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause",
    "bsd-2": "BSD-2-Clause", "bsd-3": "BSD-3-Clause", "0bsd": "0BSD", "cc0": "CC0-1.0", "cc0-1.0": "CC0-1.0", "expat": "MIT", "mit": "MIT",
    "zlib": "Zlib", "isc": "ISC", "mpl-2.0": "MPL-2.0", "apache-2.0": "Apache-2.0", "artistic": "Artistic-1.0", "artistic-2.0": "Artistic-2.0",
    "openssl": "OpenSSL", "unlicense": "Unlicense", "x11": "X11", "hpnd": "HPND", "ofl-1.1": "OFL-1.1", "bsl-1.0": "BSL-1.0",
    "epl-1.0": "EPL-1.0", "w3c": "W3C", "ijg": "IJG", "curl": "curl", "beerware": "Beerware", "cc-by-sa-4.0": "CC-BY-SA-4.0",
}
GNU = re.compile(r"(a?l?gpl|gfdl)[-v]*(\d(?:\.\d)?)?(?:\.0)?(\+|-or-later|-only)?", re.I)


def spdx_id(name):
    """One Debian short name as an SPDX identifier, else a LicenseRef."""
    plain = name.strip().rstrip(".,;")
    if plain.lower() in NAMES:
        return NAMES[plain.lower()]
    gnu = GNU.fullmatch(plain)
    if gnu:
        family, number, later = gnu.group(1).upper(), gnu.group(2) or "2", gnu.group(3) or ""
        number = number if "." in number else number + ".0"
        if (family, number) == ("GFDL", "1.0"):
            number = "1.1"
        return f"{family}-{number}-{'or-later' if later in ('+', '-or-later') or not gnu.group(2) else 'only'}"
    return "LicenseRef-" + (re.sub(r"[^A-Za-z0-9.-]+", "-", plain).strip("-") or "unnamed")


def expression(text):
    """`GPL-2 or BSD-3-clause` as an SPDX expression."""
    text = re.sub(r"\s+with\s+(.*?)\s+exception", r"-with-\1-exception", text, flags=re.I).replace(",", " ")
    words = [w for w in re.split(r"\s+", text.strip()) if w]
    joined, expect = [], True
    for word in words:
        if word.lower() in ("or", "and", "and/or"):
            if not expect:
                joined.append("AND" if word.lower() == "and" else "OR")
            expect = True
        elif expect:
            joined.append(spdx_id(word))
            expect = False
        else:
            joined[-1] = joined[-1] + "-" + re.sub(r"[^A-Za-z0-9.]+", "-", word) if joined[-1].startswith("LicenseRef-") else spdx_id(text)
    if joined and joined[-1] in ("AND", "OR"):
        joined.pop()
    return " ".join(joined) or "NOASSERTION"


def stanzas(text):
    """(patterns, short licence) of each Files stanza."""
    for block in re.split(r"\n\s*\n", text):
        files = re.search(r"^Files:((?:.*\n)(?:[ \t]+.*\n)*)", block + "\n", re.M)
        licence = re.search(r"^License:[ \t]*(.*)$", block, re.M)
        if files and licence and licence.group(1).strip():
            yield files.group(1).split(), licence.group(1).strip()


def declared(package, folder, shipped=None):
    """The package's licence expression. `shipped`: paths below usr/lib/firmware, when only those files matter."""
    for line in (BOARD / "licences.list").read_text().splitlines():
        if line.startswith(package + " "):
            return line.split(None, 1)[1]
    text = copyright_file(folder).read_text(errors="replace")
    found = set()
    known = [(p, l) for p, l in stanzas(text) if not all(x.startswith("debian") for x in p)]
    if shipped:
        for path in shipped:
            fits = [l for patterns, l in known if any(fnmatch.fnmatchcase(path, p) for p in patterns)]
            found.update(expression(l) for l in fits[-1:])
    found = found or {expression(licence) for _, licence in known}
    found.discard("NOASSERTION")
    found = {e if " OR " in e else " AND ".join(dict.fromkeys(e.split(" AND "))) for e in found}
    terms = sorted(f"({e})" if " OR " in e and len(found) > 1 else e for e in found)
    return " AND ".join(dict.fromkeys(terms)) or "NOASSERTION"


def copyright_file(folder):
    """A package's copyright file."""
    found = sorted(folder.glob("usr/share/doc/*/copyright"))
    if not found:
        raise Failure(f"{folder.name} has no copyright file")
    return found[0]


def table(packages):
    """LICENCES.txt on the card's FAT partition: each part with version and licence, from the bill of materials."""
    rows = [(p["name"], p["versionInfo"], p["licenseDeclared"]) for p in packages]
    widths = [max(len(r[i]) for r in rows) for i in (0, 1)]
    return "".join(f"{a:{widths[0]}}  {b:{widths[1]}}  {c}\r\n" for a, b, c in rows)
