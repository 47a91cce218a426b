"""Our own programs, for arm64: static, and the same bytes wherever the checkout and cargo's home are."""

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
    # Its own progress is shown: the first build takes minutes.
    args = ["cargo", "build", "--release", "--locked", "--target", TARGET, "-p", "hotspot", "--bins"]
    try:
        status = subprocess.run(args, cwd=TOP, env=env, check=False).returncode
    except FileNotFoundError as error:
        raise Failure("cargo is missing: board/setup installs it") from error
    if status != 0:
        raise Failure("our programs do not build: see above")
