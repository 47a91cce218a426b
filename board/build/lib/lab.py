"""Modules of a kernel that is not Debian's, for the lab: it needs those of every kernel that a slot may have."""

import shutil

from common import OUT, TOP, fresh, run


def add_kernel(work):
    """Puts the modules that lab/modules.list names, and the rules of the radio that this kernel has the key of, where the lab looks."""
    modules = next((work / "kernel/lib/modules").iterdir())
    run("depmod", "-b", work / "kernel", modules.name)
    order = run("python3", "-B", TOP / "lab/host/modorder.py", modules, TOP / "lab/modules.list").decode().split()
    home = fresh(OUT / "lab" / "modules" / modules.name)
    for path in order:
        shutil.copyfile(modules / path, home / path.rsplit("/", 1)[-1])
    (home / "order").write_text("".join(path.rsplit("/", 1)[-1] + "\n" for path in order))
    for name in ("regulatory.db", "regulatory.db.p7s"):
        shutil.copyfile(work / name, home / name)
