"""Tests of the image that `make check-buildroot` made: the image's own, start times beside Debian's parts, scenarios, updates in both directions."""

import json
import os
import subprocess
import sys

import keys
import programs
from common import OUT, TOP, say

SCENARIOS = ("walk", "probes", "gate")


def images(output):
    """The image's own tests, and the lab's scenarios on it. Returns how many failed."""
    work = output / "hotspot"
    env = dict(os.environ, HOTSPOT_OUT=str(work), DISK=str(work / "p2p-hotspot.img"))
    commands = [[TOP / "tests/image/root.sh"], [TOP / "tests/image/device_trees.py"], [TOP / "tests/image/layout.py"]]
    names = (os.environ.get("CHECK_SCENARIOS") or " ".join(SCENARIOS)).split()
    if names != ["none"]:
        files = [str(TOP / "tests/scenarios" / f"{name}.sh") for name in names]
        commands.append([TOP / "tests/scenarios/run", *[f for f in files if os.path.exists(f)]])
    failed = 0
    for command in commands:
        say(f"test: {command[0].name}")
        failed += subprocess.run([str(word) for word in command], env=env, cwd=TOP, stdout=sys.stdout).returncode != 0
    return failed


def boot_times(debian):
    """Kernel start to the portal, both images one after the other. 1 if the one from source is slower."""
    seconds = {}
    for name, disk in (("buildroot", OUT / "p2p-hotspot.img"), ("debian", debian[0])):
        done = subprocess.run([TOP / "tests/bench/boot"], env=dict(os.environ, DISK=str(disk)), stdout=subprocess.PIPE, text=True)
        seconds[name] = json.loads(done.stdout or "{}").get("ours") if done.returncode == 0 else None
    line = f"Kernel start to portal, QEMU virt: {seconds['buildroot']} s from source, {seconds['debian']} s from Debian's parts."
    with open(OUT / "check-buildroot.txt", "a") as file:
        file.write(line + "\n")
    say(line)
    return 0 if None not in seconds.values() and seconds["buildroot"] <= seconds["debian"] else 1


def both_ways(debian, output):
    """Updates from a stick, from source to Debian's parts and back. 1 if that fails."""
    if os.environ.get("CHECK_SCENARIOS") == "none":
        return 0
    env = dict(os.environ, DISK=str(OUT / "p2p-hotspot.img"), OTHER=str(debian[1]), OWN=str(output / "hotspot/slot.img"), PHONES="1",
               KEYS=str(keys.folder()), TOOL=str(programs.tool()))
    say("test: updates from a stick, to Debian's parts and back")
    return int(subprocess.run([TOP / "lab/lab", str(TOP / "tests/buildroot/both-ways.sh")], env=env, cwd=TOP).returncode != 0)
