"""The read-only root: only the files that board/*.list name, our programs last, one squashfs."""

import os
import pathlib
import shutil

import licences
from common import BOARD, OUT, TARGET, TOP, Failure, epoch, fresh, run, sha256, version
from modules import Modules, wanted

ROOT = OUT / "root"
SQUASHFS = OUT / "root.squashfs"
# HOTSPOT_PROGRAMS: a folder with programs that are built already.
BUILT = pathlib.Path(os.environ.get("HOTSPOT_PROGRAMS", TOP / "target" / TARGET / "release"))
PROGRAMS = [BUILT / name for name in ("hotspot", "hotspot-early")]
FOLDERS = ("boot", "data", "dev", "etc", "mnt", "proc", "run", "sys", "tmp", "usr/bin", "usr/lib", "usr/sbin", "var")
# What Buildroot's squashfs is made with too (buildroot-external/external.mk has the same words).
SQUASHFS_OPTIONS = ("-all-root", "-no-xattrs", "-no-exports", "-sort", str(BOARD / "root.sort"))
MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib"}


def inputs(parts, sbom):
    """What the root depends on."""
    lists = [BOARD / "root.files", BOARD / "root.sort", BOARD / "busybox.list", BOARD / "kernel", BOARD / "build" / "lib", TOP / "overlay"]
    return [*lists, PROGRAMS[0], sbom, [p["sha256"] for p in parts], epoch(), version()]


def build(folders, kernel, sbom):
    """Makes out/root and out/root.squashfs."""
    fresh(ROOT)
    for name in FOLDERS:
        (ROOT / name).mkdir(parents=True)
    for name, target in MERGED.items():
        (ROOT / name).symlink_to(target)
    copy_files(folders)
    for applet in words(BOARD / "busybox.list"):
        (ROOT / "usr/bin" / applet).symlink_to("busybox")
    # Where the kernel looks for them.
    for applet in ("init", "modprobe"):
        (ROOT / "usr/sbin" / applet).symlink_to("../bin/busybox")
    modules = Modules(kernel)
    names = wanted()
    modules.install(modules.closure(names["initramfs"] + names["root"]), ROOT)
    shutil.copytree(TOP / "overlay", ROOT, symlinks=True, dirs_exist_ok=True)
    licence_texts(folders)
    certificates(folders["ca-certificates"], ROOT)
    shutil.copyfile(PROGRAMS[0], ROOT / "usr/bin/hotspot")
    label(ROOT, sbom)
    modes(ROOT)
    check_libraries(ROOT)
    squash()


def label(root, sbom):
    """What the root says about itself: release and bill of materials."""
    share = root / "usr/share/hotspot"
    share.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sbom, share / "sbom.spdx.json")
    (share / "version").write_text("{} {}\n".format(*version()))


def words(path):
    """The words of a list file without its comments."""
    return [word for line in path.read_text().splitlines() if not line.startswith("#") for word in line.split()]


def copy_files(folders):
    """Copies what board/root.files names."""
    for line in (BOARD / "root.files").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        package, pattern, *destination = line.split()
        found = sorted(folders[package].glob(pattern))
        if not found:
            raise Failure(f"package {package} has no {pattern}: change board/root.files")
        for path in found:
            target = ROOT / (destination[0] if destination else path.relative_to(folders[package]))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target, follow_symlinks=False)


def licence_texts(folders):
    """The copyright file of each package, and the licences that those name; equal files are one."""
    home = ROOT / "usr/share/hotspot/licences"
    shutil.copytree(folders["base-files"] / "usr/share/common-licenses", home / "common", symlinks=True)
    seen = {}
    for package, folder in sorted(folders.items()):
        source = licences.copyright_file(folder)
        first = seen.setdefault(sha256(source), package)
        if first == package:
            shutil.copyfile(source, home / package)
        else:
            (home / package).symlink_to(first)


def certificates(folder, root):
    """The certificate authorities as one file, where OpenSSL looks by default (/etc/ssl leads there)."""
    home = root / "usr/lib/ssl"
    home.mkdir(parents=True, exist_ok=True)
    found = sorted(folder.glob("usr/share/ca-certificates/mozilla/*.crt"))
    (home / "cert.pem").write_text("".join(path.read_text().strip() + "\n" for path in found))


def modes(root):
    """The same modes whatever the umask was: programs 755, files 644, folders 755, no set-user-id."""
    for path in [root, *root.rglob("*")]:
        if path.is_symlink():
            continue
        runs = path.is_dir() or (path.stat().st_mode & 0o100 and "firmware" not in path.parts)
        path.chmod(0o755 if runs or path.name == "hotspot" and path.parent.name == "bin" else 0o644)
    (root / "tmp").chmod(0o1777)


def check_libraries(root):
    """Every library that a program asks for is there."""
    libraries = [root / "usr/lib/aarch64-linux-gnu", root / "usr/lib"]
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink() and p.suffix not in (".ko", ".elf")):
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        for line in run("readelf", "-d", path).decode().splitlines():
            if "(NEEDED)" in line:
                name = line.split("[")[1].split("]")[0]
                if not any((folder / name).exists() for folder in libraries):
                    raise Failure(f"{path.relative_to(root)} needs {name}, which the image does not have: add it to board/root.files")
    for link in (p for p in root.rglob("*") if p.is_symlink()):
        target = os.readlink(link)
        place = pathlib.Path(str(root) + target) if target.startswith("/") else link.parent / target
        if not place.exists() and not target.startswith(("/run", "/tmp", "/proc", "/data", "/etc")):
            raise Failure(f"link {link.relative_to(root)} leads to {target}, which is not there")


def squash():
    """One squashfs, byte for byte the same from the same files; what each release changes last, so that an update changes few blocks."""
    SQUASHFS.unlink(missing_ok=True)
    stamp = str(epoch())
    # A SOURCE_DATE_EPOCH in the environment and -mkfs-time exclude each other.
    env = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    run("mksquashfs", ROOT, SQUASHFS, "-quiet", "-no-progress", "-noappend", *SQUASHFS_OPTIONS, "-b", "64K",
        "-comp", "zstd", "-Xcompression-level", "19", "-mkfs-time", stamp, "-all-time", stamp, env=env)
