"""What takes a Buildroot tree, but no build."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import brcheck
import brmake
import kconfig
import terminal
from buildroot import DEFCONFIGS
from common import TOP
from consistency import EXTERNAL, FRAGMENTS

COUNT = 8


def run(results, tree):
    """All checks."""
    with tempfile.TemporaryDirectory(prefix="hotspot-br-", dir="/var/tmp") as work:
        work = pathlib.Path(work)
        for name in DEFCONFIGS:
            output = work / name
            make(tree, output, f"p2p_hotspot_{name}_defconfig")
            words = kconfig.dropped(output / ".config", EXTERNAL / f"configs/p2p_hotspot_{name}_defconfig")
            results.check(f"p2p_hotspot_{name}_defconfig resolves, every line", not words, words)
        order = make(tree, work / "pi", "show-build-order").stdout.split()
        results.check("the build order can be shown, and has what the image needs",
                      {"linux", "uboot", "hostapd", "wpa_supplicant", "nftables", "e2fsprogs", "p2p-hotspot", "glibc", "host-rust-bin"} <= set(order), order)
        without_network(results, tree, work)
        saving_back(results, work)
    files = subprocess.run(["git", "-C", EXTERNAL, "ls-files"], capture_output=True, text=True).stdout.split()
    done = subprocess.run(["/usr/bin/python3", tree / "utils/check-package", "-b", *files], cwd=EXTERNAL, capture_output=True, text=True)
    results.check("check-package is clean", done.returncode == 0 and "\n0 warnings" in done.stdout + done.stderr, (done.stdout + done.stderr)[-400:])


def make(tree, output, *goals):
    """One make of Buildroot."""
    output.mkdir(exist_ok=True)
    args = ["make", "-s", "-C", tree, f"O={output}", f"BR2_EXTERNAL={EXTERNAL}", *goals]
    return subprocess.run(args, env=brmake.environment(), capture_output=True, text=True, check=True)


def without_network(results, tree, work):
    """The check's own configuration resolves."""
    offline = work / "offline"
    (offline / "patches").mkdir(parents=True)
    (offline / "versions.env").write_text("LINUX=6.12.107\nUBOOT=2025.01\n")
    try:
        brmake.configure(tree, work / "check", [FRAGMENTS / "base.config", FRAGMENTS / "pi.config", brcheck.offline_fragment(offline)])
        results.check("base + pi + offline-check resolves, every line", True)
    except brmake.Failure as failure:
        results.check("base + pi + offline-check resolves, every line", False, failure)


def saving_back(results, work):
    """What an editor changes comes back into the fragment that has the line; what is new goes into the board's."""
    files = []
    for name in ("base", "pi", "online"):
        shutil.copyfile(FRAGMENTS / f"{name}.config", work / f"{name}.config")
        files.append(work / f"{name}.config")
    output = work / "pi"
    before = brmake.saved(output)
    text = (output / ".config").read_text()
    text = text.replace('BR2_TARGET_GENERIC_HOSTNAME="hotspot"', 'BR2_TARGET_GENERIC_HOSTNAME="box"').replace("# BR2_PACKAGE_IW is not set", "BR2_PACKAGE_IW=y")
    (output / ".config").write_text(text)
    subprocess.run(["make", "-s", "-C", output, "olddefconfig"], env=brmake.environment(), capture_output=True, check=True)
    brmake.put_back(before, brmake.saved(output), files)
    base, pi = files[0].read_text(), files[1].read_text()
    results.check("an editor's changes come back into the fragments", 'HOSTNAME="box"' in base and "BR2_PACKAGE_IW=y\n" in pi, pi[-300:])
    status = terminal.toggle(lambda: brmake.edit(output, files), "BR2_PACKAGE_NFTABLES")
    results.check("menuconfig at a terminal: what a person switches off is off in the fragment",
                  status == 0 and "# BR2_PACKAGE_NFTABLES is not set\n" in files[0].read_text(), f"{status} {files[0].read_text()}")
    merged = work / "merged"
    merged.write_text("".join(path.read_text() for path in files))
    subprocess.run(["make", "-s", "-C", output, f"BR2_DEFCONFIG={merged}", "defconfig"], env=brmake.environment(), capture_output=True, check=True)
    words = kconfig.dropped(output / ".config", merged)
    results.check("and stand there", not words and "BR2_PACKAGE_IW=y" in (output / ".config").read_text() and TOP.exists(), words or os.getcwd())
