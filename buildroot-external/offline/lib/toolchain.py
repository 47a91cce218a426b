"""Debian's cross compiler as an external toolchain of Buildroot: copied, with its C library under one sysroot."""

import os
import pathlib
import re
import shutil

from common import Failure, fresh, run

TRIPLE = "aarch64-linux-gnu"
VERSION = "12"
STAMP = "complete"
# Adds the sysroot unless the caller names one, and shows it: Buildroot refuses a compiler that says --with-sysroot=/, because
# such a one may take the computer's own headers. This one says so too, yet cannot: the wrapper gives it a sysroot at each call.
WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
real=$here/{name}.real
for word in "$@"; do
    case $word in
    --sysroot*) exec "$real" "$@" ;;
    -v) "$real" --sysroot="$here/../sysroot" "$@" 2>&1 | sed "s,--with-sysroot=/ ,--with-sysroot=$here/../sysroot ," >&2; exit ;;
    esac
done
exec "$real" --sysroot="$here/../sysroot" "$@"
"""


def build(place):
    """Makes FOLDER/toolchain."""
    place.note("toolchain-external-custom", "internal, glibc", f"gcc {VERSION}, glibc 2.36", "Debian's cross compiler")
    home = place.home / "toolchain"
    if (home / STAMP).exists():
        return
    gcc = pathlib.Path("/usr/lib/gcc-cross") / TRIPLE / VERSION
    library = pathlib.Path("/usr") / TRIPLE
    if not gcc.is_dir() or not (library / "lib/libc.a").exists():
        raise Failure(f"gcc-{VERSION}-{TRIPLE} or libc6-dev-arm64-cross is missing: board/setup installs them")
    fresh(home)
    for name in ("bin", f"lib/gcc-cross/{TRIPLE}", "sysroot/lib", "sysroot/usr/lib", "sysroot/usr/include", TRIPLE):
        (home / name).mkdir(parents=True)
    run("cp", "-a", gcc, home / "lib/gcc-cross" / TRIPLE)
    programs(home)
    run("cp", "-aL", f"{library}/include/.", home / "sysroot/usr/include")
    libraries(library / "lib", home)
    (home / STAMP).write_text("")


def programs(home):
    """Compiler and binutils under their own names, the compiler behind a wrapper."""
    for path in pathlib.Path("/usr/bin").glob(f"{TRIPLE}-*"):
        name = re.sub(r"-\d+$", "", path.name)
        if name.endswith(("-pkg-config", "-pkgconf")) or (home / "bin" / name).exists():
            continue
        shutil.copy2(path.resolve(), home / "bin" / name)
    for tool in ("gcc", "cpp"):
        name = f"{TRIPLE}-{tool}"
        (home / "bin" / name).rename(home / "bin" / f"{name}.real")
        (home / "bin" / name).write_text(WRAPPER.format(name=name))
        (home / "bin" / name).chmod(0o755)
    # gcc looks for as and ld from its own place.
    (home / TRIPLE / "bin").mkdir()
    for tool in ("as", "ld", "ld.bfd", "ar", "nm", "objdump", "ranlib", "strip"):
        (home / TRIPLE / "bin" / tool).symlink_to(f"../../bin/{TRIPLE}-{tool}")


def libraries(source, home):
    """The C library into the sysroot, what names absolute paths rewritten."""
    runtime, dev = home / "sysroot/lib", home / "sysroot/usr/lib"
    for path in sorted(source.iterdir()):
        if path.is_dir():
            continue
        is_runtime = bool(re.search(r"\.so\.\d", path.name)) or path.name.startswith("ld-linux")
        target = (runtime if is_runtime else dev) / path.name
        if path.is_symlink() and not is_runtime:
            target.symlink_to(f"../../lib/{os.path.basename(os.readlink(path))}")
        elif path.is_symlink():
            target.symlink_to(os.path.basename(os.readlink(path)))
        else:
            shutil.copy2(path, target)
    for script in ("libc.so", "libm.so", "libm.a"):
        path = dev / script
        if path.exists() and path.stat().st_size < 4096:
            text = path.read_text()
            text = re.sub(rf"/usr/{TRIPLE}/lib/(\S+\.so\.\S+)", r"/lib/\1", text)
            path.write_text(re.sub(rf"/usr/{TRIPLE}/lib/(\S+)", r"/usr/lib/\1", text))
    # gcc's own links to its runtime libraries lead outside: the files themselves.
    folder = home / "lib/gcc-cross" / TRIPLE / VERSION
    for path in folder.iterdir():
        if path.is_symlink() and not path.exists():
            name = os.path.basename(os.readlink(path))
            path.unlink()
            if (runtime / name).exists():
                shutil.copy2((runtime / name).resolve(), path)
