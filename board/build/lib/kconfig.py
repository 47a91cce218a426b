"""Every line of a defconfig or fragment stands in the final .config: a dependency that is missing makes Kconfig drop a line without a word."""

import os
import pathlib
import re

from common import TOP, Failure

BOARDS = TOP / "buildroot-external" / "board"
UNSET = re.compile(r"# (\w+) is not set")


def wanted(path):
    """{symbol: value, None where it is not to be set} of a file; a later line counts."""
    found = {}
    for line in path.read_text().splitlines():
        unset, pair = UNSET.fullmatch(line), re.fullmatch(r"(\w+)=(.*)", line)
        if unset:
            found[unset.group(1)] = None
        elif pair:
            found[pair.group(1)] = pair.group(2)
    return found


def dropped(final, *files):
    """Lines that the final configuration does not hold, in words. A later file counts."""
    have, want = wanted(final), {}
    for path in files:
        want |= {symbol: (value, path) for symbol, value in wanted(path).items()}
    words = []
    for symbol, (value, path) in want.items():
        if have.get(symbol) != value:
            words.append(f"{path.name}: {symbol}={value or 'n'} became {have.get(symbol) or 'n'}")
    return words


def fragments(config):
    """{final configuration's name: the files that it was made from}, as Buildroot's .config names them."""
    values = {k: (v or "").strip('"') for k, v in wanted(config).items()}
    home = {"BR2_EXTERNAL_P2P_HOTSPOT_PATH": str(TOP / "buildroot-external")}

    def paths(*names):
        text = " ".join(values.get(name, "") for name in names)
        return [pathlib.Path(re.sub(r"\$\((\w+)\)", lambda m: home[m.group(1)], word)) for word in text.split()]

    return {"linux.config": paths("BR2_LINUX_KERNEL_CUSTOM_CONFIG_FILE", "BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES"),
            "uboot.config": paths("BR2_TARGET_UBOOT_CONFIG_FRAGMENT_FILES"),
            "busybox.config": paths("BR2_PACKAGE_BUSYBOX_CONFIG_FRAGMENT_FILES")}


def check_all(folder, config):
    """Buildroot's own configuration against its defconfig, and what Linux, U-Boot and BusyBox made of their fragments."""
    words = []
    defconfig = (wanted(config).get("BR2_DEFCONFIG") or "").strip('"')
    if defconfig and os.path.exists(defconfig):
        words += dropped(config, pathlib.Path(defconfig))
    for name, files in fragments(config).items():
        if (folder / name).exists():
            words += dropped(folder / name, *files)
    if words:
        raise Failure(f"{len(words)} lines do not stand: {'; '.join(words[:6])}: correct the fragment, or what the option depends on")
