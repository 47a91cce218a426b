"""Files of the Buildroot tree against each other, the workspace, the overlay and PARTS=debian's lists."""

import os
import pathlib
import re
import subprocess
import tempfile

import brpackages
import kconfig
import root
import sources
from buildroot import DEFCONFIGS
from common import BOARD, TOP, Failure, run as command, sha256

EXTERNAL = TOP / "buildroot-external"
FRAGMENTS = EXTERNAL / "fragments"
PACKAGE = EXTERNAL / "package" / "p2p-hotspot"


def run(results):
    """All checks that need no Buildroot."""
    check = results.check
    for name, parts in DEFCONFIGS.items():
        text = "".join((FRAGMENTS / f"{part}.config").read_text() for part in parts)
        check(f"p2p_hotspot_{name}_defconfig is {' + '.join(parts)} (board/build/menuconfig defconfigs writes it)",
              (EXTERNAL / f"configs/p2p_hotspot_{name}_defconfig").read_text() == text)
    missing = missing_files()
    check("every file that a configuration names is there", not missing, missing)
    check("no fragment says two things of one option", not doubles(), doubles())
    makefile = (PACKAGE / "p2p-hotspot.mk").read_text()
    version = re.search(r"^P2P_HOTSPOT_VERSION = (\S+)$", makefile, re.M).group(1)
    check("the package has the workspace's version", version == sources.release(), f"{version} and {sources.release()}")
    check("the package's users are those of the overlay", users(makefile) == passwd(), f"{users(makefile)} and {passwd()}")
    licence_files = re.search(r"^P2P_HOTSPOT_LICENSE_FILES = (.*)$", makefile, re.M).group(1).split()
    hashes = dict(re.findall(r"^sha256  (\w{64})  (\S+)$", sources.HASH.read_text(), re.M))
    check("the package's licence files have their hashes", {sha256(TOP / n) for n in licence_files} <= set(hashes), licence_files)
    words = (EXTERNAL / "external.mk").read_text()
    options = " ".join(root.SQUASHFS_OPTIONS).replace(str(BOARD), "$(P2P_HOTSPOT_BOARD)")
    check("Buildroot's squashfs is made with the same options", f"ROOTFS_SQUASHFS_ARGS += {options}\n" in words, options)
    off = {symbol.removeprefix("CONFIG_").lower() for symbol, value in kconfig.wanted(EXTERNAL / "board/busybox/busybox.config").items() if value is None}
    listed = set(root.words(BOARD / "busybox.list"))
    check("no program of board/busybox.list is switched off", not off & listed, off & listed)
    kernel = kconfig.wanted(EXTERNAL / "board/linux/virt.config")
    check("the simulated radio is a module, which the image refuses", kernel["CONFIG_MAC80211_HWSIM"] == "m")
    firmware(check)
    spdx(check)
    dropped_lines(check)
    release_tarball(results)


def missing_files():
    """Paths that fragments and defconfigs name and that are not there; and what Config.in and external.mk include."""
    found = []
    texts = [path.read_text() for path in (*FRAGMENTS.glob("*.config"), *EXTERNAL.glob("configs/*_defconfig"), EXTERNAL / "Config.in", EXTERNAL / "external.mk")]
    for name in set(re.findall(r"\$\(?BR2_EXTERNAL_P2P_HOTSPOT_PATH\)?(/[\w./-]+)", "".join(texts))):
        if not (EXTERNAL / name[1:]).exists() and "*" not in name:
            found.append(name)
    return found


def doubles():
    """Options that two fragments which go together give."""
    found = []
    for parts in (*DEFCONFIGS.values(), ("base", "pi", "offline-check")):
        seen = {}
        for part in parts:
            for symbol in kconfig.wanted(FRAGMENTS / f"{part}.config"):
                if symbol in seen and symbol != "BR2_GLOBAL_PATCH_DIR":
                    found.append(f"{symbol} in {seen[symbol]} and {part}")
                seen[symbol] = part
    return found


def users(makefile):
    """{name: (uid, gid)} that the package declares."""
    table = re.search(r"^define P2P_HOTSPOT_USERS\n(.*?)^endef", makefile, re.M | re.S).group(1)
    groups = dict(line.split(":")[::2][:2] for line in (TOP / "overlay/usr/share/hotspot/etc/group").read_text().splitlines())
    return {w[0]: (w[1], w[3]) for w in map(str.split, table.splitlines()) if groups.get(w[2]) == w[3] and w[4] == "*"}


def passwd():
    """{name: (uid, gid)} of our users in the overlay."""
    rows = [line.split(":") for line in (TOP / "overlay/usr/share/hotspot/etc/passwd").read_text().splitlines()]
    return {row[0]: (row[2], row[3]) for row in rows if row[0] not in ("root", "nobody")}


def firmware(check):
    """The same radios have their firmware, whatever the image is made of."""
    lines = [line.split()[1] for line in (BOARD / "root.files").read_text().splitlines() if "usr/lib/firmware/" in line and not line.startswith("#")]
    debian = {re.sub(r"-debian$", "", line.split("usr/lib/firmware/")[1]) for line in lines}
    kept = set(root.words(EXTERNAL / "board/firmware.list"))
    chips = {re.match(r"(?:\w+/)?(?:brcmfmac|cyfmac)?([\w-]+?)[-_.]", name).group(1) for name in debian if "ath9k" not in name}
    lacking = [chip for chip in chips if not any(chip in name for name in kept)]
    check("each radio of board/root.files has its firmware in firmware.list", not lacking, lacking)


def spdx(check):
    """Buildroot's words for licences."""
    cases = {"GPL-2.0+": "GPL-2.0-or-later", "GPL-2.0": "GPL-2.0-only", "GPL-2.0, bzip2-1.0.4 (some)": "GPL-2.0-only AND LicenseRef-bzip2-1.0.4",
             "Apache-2.0 or MIT": "Apache-2.0 OR MIT"}
    for words, wanted in cases.items():
        package = brpackages.Package("x", "1", words, [], "", pathlib.Path("/"))
        check(f"licence `{words}`", brpackages.expression(package) == wanted, brpackages.expression(package))


def dropped_lines(check):
    """A line that Kconfig drops is seen."""
    with tempfile.TemporaryDirectory() as work:
        final, first, second = (pathlib.Path(work) / name for name in ("final", "first.config", "second.config"))
        final.write_text('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="x y"\nCONFIG_D=m\n')
        first.write_text('# A comment.\nCONFIG_A=y\nCONFIG_D=y\nCONFIG_C="x y"\n')
        second.write_text("# CONFIG_B is not set\n# CONFIG_GONE is not set\nCONFIG_D=m\n")
        check("lines that stand, a later fragment's over an earlier one's", kconfig.dropped(final, first, second) == [])
        second.write_text("CONFIG_B=y\nCONFIG_D=y\nCONFIG_E=5\n")
        seen = kconfig.dropped(final, first, second)
        check("lines that do not stand", [s.split(": ")[1] for s in seen] == ["CONFIG_D=y became m", "CONFIG_B=y became n", "CONFIG_E=5 became n"], seen)


def release_tarball(results):
    """The hash file is that of `make dist` of the commit that it names."""
    try:
        commit, wanted = sources.recorded()
    except Failure as failure:
        return results.check("the hash file names a tarball", False, failure)
    if subprocess.run(["git", "-C", TOP, "cat-file", "-e", commit], capture_output=True).returncode != 0:
        return results.skip(1, f"this clone has not the commit {commit[:12]} of the release tarball")
    with tempfile.TemporaryDirectory(prefix="hotspot-dist-", dir="/var/tmp") as work:
        tarball = sources.dist(commit, pathlib.Path(work))
        names = command("tar", "-tzf", tarball).decode().splitlines()
        results.check("the release tarball is the one of the hash file", sha256(tarball) == wanted, f"{sha256(tarball)}, wanted {wanted}")
        top = tarball.name.removesuffix("-vendored.tar.gz")
        results.check("it brings its crates, and says so to cargo", f"{top}/.cargo/config.toml" in names and any("/VENDOR/hyper" in n for n in names))
        command("tar", "-xzf", tarball, "-C", work)
        env = os.environ | {"CARGO_HOME": f"{work}/empty", "PATH": "/usr/bin:" + os.environ["PATH"]}
        done = subprocess.run(["cargo", "metadata", "--offline", "--locked", "--format-version", "1"], cwd=f"{work}/{top}", env=env, capture_output=True)
        results.check("cargo finds each of them there, without a network or a home", done.returncode == 0, done.stderr[-300:])
    return None
