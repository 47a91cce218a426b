"""Who may release: KEYS=folder, else keys/, where the first build makes a development key that is never committed."""

import os
import pathlib

import programs
from common import TOP, Failure, run, say


def folder():
    """Where root.json and the release key are."""
    return TOP / os.environ["KEYS"] if os.environ.get("KEYS") else TOP / "keys"


def root():
    """root.json, which goes on the card and into every update."""
    path = folder() / "root.json"
    if path.exists():
        return path
    if os.environ.get("KEYS"):
        raise Failure(f"KEYS={os.environ['KEYS']}: no root.json is there; `target/release/hotspot keys new` makes such a folder")
    run(programs.tool(), "keys", "new", folder())
    say(f"{folder()}: made keys for development; docs/updates.md tells how to make a community's own")
    return path
