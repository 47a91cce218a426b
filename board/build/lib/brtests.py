"""Tests of the image that `make check-buildroot` made: the image's own, start times beside Debian's parts, scenarios, updates in both directions."""

import json
import os
import subprocess
import sys

import keys
import programs
from common import OUT, TOP, say

SCENARIOS = ("walk", "probes", "dns", "gate")


def images(output):
    """The image's own tests, and the lab's scenarios on it. Returns how many failed."""
    work = output / "hotspot"
    env = dict(os.environ, HOTSPOT_OUT=str(work), DISK=str(work / "p2p-hotspot.img"))
    commands = [[TOP / "tests/image/root.sh"], [TOP / "tests/image/device_trees.py"], [TOP / "tests/image/layout.py"]]
    names = (os.environ.get("CHECK_SCENARIOS") or " ".join(SCENARIOS)).split()
    if names != ["none"]:
        files = [str(TOP / "tests/scenarios" / f"{name}.sh") for name in names]
        commands += [[TOP / "tests/scenarios/run", *files], [TOP / "lab/raspi3b", work / "p2p-hotspot.img"]]
    failed = 0
    for command in commands:
        say(f"test: {command[0].name}")
        failed += subprocess.run([str(word) for word in command], env=env, cwd=TOP, stdout=sys.stdout).returncode != 0
    return failed


def boot_times(debian):
    """Kernel start to the portal, both images in turns. 1 if the one from source is slower."""
    env = dict(os.environ, DISK=str(OUT / "p2p-hotspot.img"), OTHER=str(debian[0]))
    done = subprocess.run([TOP / "tests/bench/boot"], env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        say("test: kernel start to portal: an image does not start: see above")
        return 1
    seen = json.loads(done.stdout)
    line = f"Kernel start to portal, QEMU virt: {seen['ours']} s from source, {seen['peer']} s from Debian's parts."
    with open(OUT / "check-buildroot.txt", "a") as file:
        file.write(line + "\n")
    say(line)
    return 0 if seen["holds"] else 1


def both_ways(debian, output):
    """Updates from a stick: a box made from Debian's parts to the image from source, and back. 1 if that fails."""
    if os.environ.get("CHECK_SCENARIOS") == "none":
        return 0
    env = dict(os.environ, DISK=str(debian[0]), DEBIAN=str(debian[1]), SOURCE=str(output / "hotspot/slot.img"), PHONES="1",
               KEYS=str(keys.folder()), TOOL=str(programs.tool()))
    say("test: updates from a stick, from Debian's parts to this image and back")
    return int(subprocess.run([TOP / "lab/lab", str(TOP / "tests/buildroot/both-ways.sh")], env=env, cwd=TOP).returncode != 0)
