"""What a run is made of on disk: the card's overlay, U-Boot's environment in flash, the initramfs that the lab adds."""
import json
import os
import shutil
import subprocess

LAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(LAB)
OUT = os.path.join(TOP, "out", "lab")
FLASH = 64 << 20
ENV_SIZE = 0x40000  # CONFIG_ENV_SIZE of qemu_arm64_defconfig; the environment is the second flash bank's first sector.
CARD = 4 << 30


class LabError(Exception):
    """One line that says what is wrong and what to do."""


def tool(name: str, package: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise LabError(f"{name} is missing: apt-get install {package}")
    return found


def run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})
    if done.returncode:
        raise LabError(f"{os.path.basename(argv[0])}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def overlay(disk: str, card: str, grow: bool) -> None:
    """A card over the image: the image itself is never written."""
    info = json.loads(run(tool("qemu-img", "qemu-utils"), "info", "--output=json", disk))
    size = max(int(os.environ.get("CARD_MIB") or CARD >> 20) << 20, info["virtual-size"]) if grow else info["virtual-size"]
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", os.path.abspath(disk), "-F", info["format"], card, str(size))


def layout() -> dict[str, int]:
    with open(os.path.join(TOP, "board", "layout.env")) as f:
        pairs = [line.strip().split("=", 1) for line in f if "=" in line and not line.startswith("#")]
    return {k: int(v, 0) for k, v in pairs if v}


def cpio(entries: list[tuple[str, int, bytes]]) -> bytes:
    """A newc archive of (path, mode, data)."""
    out = bytearray()
    for i, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")]):
        raw = name.encode() + b"\0"
        fields = [i + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
        out += b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out) + b"\0" * (-len(out) % 512)


def initramfs(path: str, config: dict[str, int]) -> int:
    """Writes the lab's archive; returns its 512-byte blocks."""
    entries = [("lab", 0o40755, b"")]

    def add(name: str, source: str, mode: int = 0o100644) -> None:
        with open(source, "rb") as f:
            entries.append((name, mode, f.read()))

    add("lab/init", os.path.join(LAB, "guest", "init"), 0o100755)
    add("lab/busybox", os.path.join(OUT, "busybox"), 0o100755)
    for name in ("regulatory.db", "regulatory.db.p7s"):
        add("lab/" + name, os.path.join(OUT, name))
    entries.append(("lab/config", 0o100644, "".join(f"{k}={v}\n" for k, v in config.items()).encode()))
    for folder, source in (("lab/guest", os.path.join(LAB, "guest")), ("lab/modules", os.path.join(OUT, "modules"))):
        entries.append((folder, 0o40755, b""))
        for root, dirs, files in os.walk(source):
            under = os.path.relpath(root, source)
            base = folder if under == "." else f"{folder}/{under}"
            dirs[:] = sorted(d for d in dirs if d != "__pycache__")
            entries += [(f"{base}/{d}", 0o40755, b"") for d in dirs]
            for name in sorted(files):
                add(f"{base}/{name}", os.path.join(root, name), 0o100755 if name.endswith(".sh") else 0o100644)
    data = cpio(entries)
    with open(path, "wb") as f:
        f.write(data)
    return len(data) // 512


def flash(path: str, variables: dict[str, str]) -> None:
    """U-Boot's environment, replaced whole."""
    text = path + ".txt"
    with open(text, "w") as f:
        f.writelines(f"{k}={v}\n" for k, v in variables.items())
    run(tool("mkenvimage", "u-boot-tools"), "-s", hex(ENV_SIZE), "-o", path, text)
    os.truncate(path, FLASH)
