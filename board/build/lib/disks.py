"""What stands in the way of writing to a disk, from sysfs and /proc."""

import os
import pathlib
import stat

SYS = pathlib.Path("/sys/class/block")


def problems(device, needed):
    """Reasons, in plain words, not to write `needed` bytes to a device. Empty: go ahead."""
    try:
        status = os.stat(device)
    except OSError as error:
        return [f"{device}: {error.strerror} (lsblk lists the disks)"]
    if not stat.S_ISBLK(status.st_mode):
        return [f"{device} is not a disk (lsblk lists them)"]
    name = os.path.basename(os.path.realpath(f"/sys/dev/block/{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"))
    if (SYS / name / "partition").exists():
        whole = os.path.basename(os.path.dirname(os.path.realpath(SYS / name)))
        return [f"{device} is one partition; name the whole disk, /dev/{whole}"]
    found = in_use(name)
    if number(SYS / name / "ro"):
        found.append(f"{device} is write-protected (the little switch on the card or its adapter?)")
    size = number(SYS / name / "size") * 512
    if size == 0:
        found.append(f"{device} has no card in it")
    elif size < needed:
        found.append(f"{device} is too small: {size / 1e9:.1f} GB, and the image needs {needed / 1e9:.1f} GB")
    return found


def number(path):
    """A sysfs attribute as a number; 0 if it is not there."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def family(name):
    """A disk, its partitions, and what is stacked on them (LUKS, LVM, RAID)."""
    names, queue = [], [name]
    while queue:
        current = queue.pop()
        if current not in names:
            names.append(current)
            queue += [p.parent.name for p in (SYS / current).glob("*/partition")]
            queue += [p.name for p in (SYS / current / "holders").glob("*")]
    return names


def in_use(name):
    """Mounts and swap areas on a disk, each with the reason."""
    numbers = {(SYS / n / "dev").read_text().strip(): n for n in family(name) if (SYS / n / "dev").exists()}
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        source = os.path.basename(os.path.realpath(words[words.index("-") + 2]))
        part = numbers.get(words[2]) or (source if source in numbers.values() else None)
        place = words[4].replace("\\040", " ")
        if part and place == "/":
            found.append(f"/dev/{part} holds the system that is running")
        elif part:
            found.append(f"/dev/{part} is mounted on {place}: unmount it first (umount {place})")
    for line in pathlib.Path("/proc/swaps").read_text().splitlines()[1:]:
        part = os.path.basename(os.path.realpath(line.split()[0]))
        if part in numbers.values():
            found.append(f"/dev/{part} is swap space in use: switch it off first (swapoff /dev/{part})")
    for part in sorted(set(numbers.values()) - {name}):
        if not (SYS / part / "partition").exists():
            found.append(f"/dev/{part} is built on it (LVM, encryption or RAID): take that apart first")
    return list(dict.fromkeys(found))
