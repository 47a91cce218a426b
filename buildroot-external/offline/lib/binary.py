"""Files of Debian's binary packages, laid out as Buildroot's packages expect them: firmware, which has no source, and programs
whose source the mirror does not have."""

import pathlib
import shutil

import apt
import licences
import parts
import unpack
from common import Failure, fresh, run
from root import words

# Licence files that Buildroot names, each filled with what Debian says about the package.
LICENCES = {"rpi-firmware": ["boot/LICENCE.broadcom"], "brcmfmac_sdio-firmware-rpi": ["LICENSE"],
            "linux-firmware": ["WHENCE", "LICENCE.atheros_firmware", "LICENCE.mediatek", "LICENCE.ralink-firmware.txt",
                               "LICENCE.rtlwifi_firmware.txt"],
            "wireless-regdb": ["LICENSE"], "nftables": ["COPYING"], "libmnl": ["COPYING"], "libnftnl": ["COPYING"]}
# Programs for arm64, from the release whose C library the toolchain has.
PROGRAMS = {"libmnl": ["libmnl0"], "libnftnl": ["libnftnl11"],
            "nftables": ["nftables", "libnftables1", "libjansson4", "libedit2", "libgmp10", "libxtables12", "libtinfo6", "libbsd0",
                         "libmd0"]}
RELEASE = "bookworm"
KEPT = pathlib.Path(__file__).resolve().parents[2] / "board" / "firmware.list"


def bring(place, entry):
    """One package of sources.list."""
    pin = place.pin(entry.package)
    tree = fresh(place.trees / entry.package)
    if entry.package in PROGRAMS:
        folders, built = programs(place, entry.package)
        for folder in folders:
            lay_program(folder, tree / "files")
        none = [f"override define {pin.variable}_{step}_CMDS\nendef" for step in ("CONFIGURE", "BUILD", "INSTALL_STAGING")]
        place.make += [*none, f"override define {pin.variable}_INSTALL_TARGET_CMDS\n\tcp -a $(@D)/files/. $(TARGET_DIR)/\nendef",
                       f"override {pin.variable}_DEPENDENCIES :=", f"override {pin.variable}_AUTORECONF := NO"]
    else:
        wanted = entry.origin.split(",")
        found = [p for p in parts.fetch() if p["name"] in wanted]
        unpacked = unpack.unpack(found)
        folders, built = [unpacked[name] for name in wanted], ", ".join(f"{p['name']} {p['version']}" for p in found)
        for folder in folders:
            lay_firmware(entry.package, folder, tree)
    terms = "".join(licences.copyright_file(folder).read_text(errors="replace") for folder in folders)
    for name in LICENCES[entry.package]:
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(terms)
    if entry.package == "linux-firmware":
        # Buildroot names some files that Debian does not have, of other radios than ours.
        names = [str(path.relative_to(tree)) for pattern in words(KEPT) for path in sorted(tree.glob(pattern))]
        place.make.append(f"override {pin.variable}_FILES := {' '.join(names)}")
    place.tree(pin, tree)
    place.note(entry.package, pin.version[:12], built, "files of Debian's packages")


def lay_firmware(package, folder, tree):
    """Copies one Debian package's files."""
    firmware = folder / "usr/lib/firmware"
    if package == "rpi-firmware":
        shutil.copytree(folder / "usr/lib/raspi-firmware", tree / "boot", dirs_exist_ok=True)
    elif package == "wireless-regdb":
        for name in ("regulatory.db", "regulatory.db.p7s"):
            shutil.copyfile(firmware / f"{name}-upstream", tree / name)
    elif package == "brcmfmac_sdio-firmware-rpi":
        for name in ("brcm", "cypress"):
            if (firmware / name).is_dir():
                (tree / "firmware" / name).mkdir(parents=True, exist_ok=True)
                run("cp", "-a", f"{firmware / name}/.", tree / "firmware" / name)
    else:
        run("cp", "-a", f"{firmware}/.", tree)


class OlderApt(apt.Apt):
    """A private apt for arm64 packages of the toolchain's own release."""

    def __init__(self, home):
        super().__init__()
        self.home, self.config = home, home / "apt.conf"

    def sources(self):
        """The text of sources.list."""
        security = f"deb [signed-by={apt.KEYS}] {apt.SECURITY} {RELEASE}-security main\n"
        return f"deb [signed-by={apt.KEYS}] {apt.MIRROR} {RELEASE} main\n{security}"


def programs(place, package):
    """(unpacked folders, versions in words)."""
    kept = place.kept / f"{package}-bin"
    if len(list(kept.glob("*.deb"))) != len(PROGRAMS[package]):
        older = OlderApt(place.home / f"apt-{RELEASE}")
        older.prepare()
        fresh(kept)
        older.call("apt-get", "-q", "download", *PROGRAMS[package], cwd=kept)
    folders = []
    for path in sorted(kept.glob("*.deb")):
        folder = fresh(pathlib.Path(f"{path}.x"))
        run("dpkg-deb", "-x", path, folder)
        folders.append(folder)
    if len(folders) != len(PROGRAMS[package]):
        raise Failure(f"Debian's mirror has not all of {', '.join(PROGRAMS[package])}: try again later")
    return folders, f"{package} {next(kept.glob(f'{PROGRAMS[package][0]}_*.deb')).name.split('_')[1]} (binary)"


def lay_program(folder, files):
    """Programs and libraries where Buildroot has them."""
    for path in [*folder.glob("usr/sbin/*"), *folder.glob("**/*-linux-gnu/lib*.so.*")]:
        target = files / "usr" / ("sbin" if path.parent.name == "sbin" else "lib") / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)
