"""Driving Buildroot's make: configuration from fragments, sources first, progress in a line a package, errors in one line."""

import os
import pathlib
import re
import subprocess
import time

import kconfig
from common import TOP, Failure, say

STEP = re.compile(r">>> (\S+) (\S*) ?(Downloading|Building|Finalizing|Generating|Executing)")
BUILT = re.compile(r">>> (\S+) (\S*) ?Building")


def configure(tree, output, files):
    """Makes the output folder's .config from fragments; every line must stand."""
    output.mkdir(parents=True, exist_ok=True)
    defconfig = output / "merged_defconfig"
    defconfig.write_text("".join(path.read_text() for path in files))
    args = ["make", "-s", "-C", tree, f"O={output}", f"BR2_EXTERNAL={TOP / 'buildroot-external'}", f"BR2_DEFCONFIG={defconfig}", "defconfig"]
    done = subprocess.run(args, env=environment(), capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"Buildroot cannot be configured: {last_words(done.stderr)}")
    words = kconfig.dropped(output / ".config", defconfig)
    if words:
        raise Failure(f"{len(words)} lines do not stand: {'; '.join(words[:4])}: this Buildroot is too old or too new for them")


def environment():
    """No word of ours, or of another tool's, may leak into packages."""
    dropped = ("PARTS", "CONFIG", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DISK", "STICK", "PHONES", "CROSS_COMPILE", "ARCH")
    env = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("CARGO_")}
    # Buildroot has a variable of that name itself: the post-image script gives it back.
    if os.environ.get("CONFIG"):
        env["HOTSPOT_CONFIG"] = str(pathlib.Path(os.environ["CONFIG"]).resolve())
    return env | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:" + os.environ.get("HOME", "/root") + "/.cargo/bin"}


def build(output, log, before=(), sources=True):
    """All sources, each with its hash checked, then everything else. `before`: words in front of make."""
    # One file keeps what both said.
    log.unlink(missing_ok=True)
    if sources:
        run(output, log, [*before, "make", "-C", output, "source"], "sources")
    run(output, log, [*before, "make", "-C", output], "build")


def run(output, log, args, what):
    """One make, its words in `log`, its progress on the terminal."""
    began, seen, tail = time.monotonic(), set(), []
    with open(log, "a") as file, subprocess.Popen([str(a) for a in args], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                                  text=True, errors="replace") as make:
        for line in make.stdout:
            file.write(line)
            tail = (tail + [line])[-60:]
            found = BUILT.search(line)
            if found and found.group(1) not in seen:
                seen.add(found.group(1))
                say(f"{what}: {found.group(1)} {found.group(2)} ({time.monotonic() - began:.0f} s)")
    if make.returncode != 0:
        raise Failure(f"Buildroot stopped: {last_words(''.join(tail))} (all of it: {log})")
    say(f"{what}: {time.monotonic() - began:.0f} s")


def last_words(text):
    """The line that says why, and what to do about it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        wrong = re.search(r"ERROR: (?:while checking hashes from|(\S+) has wrong (\w+) hash)", line)
        if wrong and wrong.group(1):
            return f"{wrong.group(1)} is not the file that is pinned (its {wrong.group(2)} differs): delete it from the download folder, and do not use that mirror"
        if "No space left on device" in line:
            return "the disk is full: make room, or HOTSPOT_OUT=folder on another disk"
        if "No hash found for" in line:
            return line
    errors = [line for line in lines if re.match(r"error:|ERROR:|.*\berror:|.*\*\*\*", line)]
    return (errors or lines or ["it said nothing"])[0 if errors and errors[0].startswith("error:") else -1][:300]


def edit(output, files):
    """Buildroot's menuconfig; what was changed goes back into the fragments."""
    before = saved(output)
    interactive(["make", "-C", output, "menuconfig"])
    put_back(before, saved(output), files)


def saved(output):
    """The minimal configuration, as savedefconfig writes it."""
    path = output / "saved_defconfig"
    subprocess.run(["make", "-s", "-C", output, "savedefconfig", f"DEFCONFIG={path}"], env=environment(), check=True, stdout=subprocess.DEVNULL)
    return kconfig.wanted(path)


def edit_linux(output, folder):
    """Linux's menuconfig; what was changed goes back into the kernel's fragments."""
    files = [folder / f"{name}.config" for name in ("base", "pi", "filesystems", "network", "wifi", "virt")]
    interactive(["make", "-C", output, "linux-configure"])
    linux = next(output.glob("build/linux-[0-9]*"))

    def minimal():
        interactive(["make", "-s", "-C", output, "linux-savedefconfig"])
        return kconfig.wanted(linux / "defconfig")

    before = minimal()
    interactive(["make", "-C", output, os.environ.get("EDITOR_TARGET", "linux-menuconfig")])
    put_back(before, minimal(), files)


def interactive(args):
    """A make at the terminal."""
    if subprocess.run([str(a) for a in args], env=environment() | {"TERM": os.environ.get("TERM", "linux")}).returncode != 0:
        raise Failure(f"`{' '.join(map(str, args))}` failed: see above")


def put_back(before, after, files):
    """Changed lines replace those of the fragment that has them; new ones go to the end of the second file (the board's)."""
    changed = {k: after.get(k) for k in {*before, *after} if before.get(k) != after.get(k) or (k in before) != (k in after)}
    for symbol, value in sorted(changed.items()):
        line = f"{symbol}={value}" if value is not None else f"# {symbol} is not set"
        for path in files:
            text = path.read_text()
            new = re.sub(rf"^({re.escape(symbol)}=.*|# {re.escape(symbol)} is not set)$", lambda m: line, text, flags=re.M)
            if new != text or line in text.splitlines():
                path.write_text(new)
                say(f"{path.name}: {line}")
                break
        else:
            files[1].write_text(files[1].read_text() + line + "\n")
            say(f"{files[1].name}: {line} (new)")
    if not changed:
        say("nothing was changed")
