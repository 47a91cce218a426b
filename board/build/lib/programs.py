"""Our own programs. For arm64: static, and the same bytes wherever the checkout and cargo's home are. For this computer: the tool."""

import os
import pathlib
import subprocess

from common import TARGET, TOP, Failure


def build():
    """Runs cargo; quick when nothing changed."""
    if os.environ.get("HOTSPOT_PROGRAMS"):
        return
    home = os.environ.get("CARGO_HOME", str(pathlib.Path.home() / ".cargo"))
    flags = ["-C", "target-feature=+crt-static", f"--remap-path-prefix={home}=/cargo", f"--remap-path-prefix={TOP}=/hotspot"]
    env = dict(os.environ, CARGO_ENCODED_RUSTFLAGS="\x1f".join(flags), PATH="/usr/bin:" + os.environ.get("PATH", ""))
    cargo(["--target", TARGET, "-p", "hotspot", "--bins"], env)


def tool():
    """The `hotspot` command for this computer, which makes keys and updates; builds it where it is not up to date."""
    if os.environ.get("HOTSPOT_TOOL"):
        return pathlib.Path(os.environ["HOTSPOT_TOOL"])
    cargo(["-p", "hotspot", "--bin", "hotspot"], dict(os.environ, PATH="/usr/bin:" + os.environ.get("PATH", "")))
    return TOP / "target" / "release" / "hotspot"


def cargo(args, env):
    """Runs cargo build; its own progress is shown, since the first build takes minutes."""
    try:
        status = subprocess.run(["cargo", "build", "--release", "--locked", *args], cwd=TOP, env=env, check=False).returncode
    except FileNotFoundError as error:
        raise Failure("cargo is missing: board/setup installs it") from error
    if status != 0:
        raise Failure("our programs do not build: see above")
