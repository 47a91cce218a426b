"""Host tools that are this computer's own: Buildroot takes a link to them."""

import pathlib
import shutil

from common import Failure, run

TOOLS = {"autoconf-archive": [], "bison": ["bison"], "fakeroot": ["fakeroot"], "genimage": ["genimage"], "tar": ["tar"],
         "gettext-tiny": ["gettext", "msgfmt", "msgmerge", "xgettext", "autopoint", "gettextize"]}

MACROS = pathlib.Path("/usr/share/aclocal")


def bring(place, entry):
    """One package of sources.list."""
    pin = place.pin(entry.package)
    tree = place.trees / entry.package
    tree.mkdir(parents=True, exist_ok=True)
    found = {tool: shutil.which(tool) for tool in TOOLS[entry.package]}
    missing = [tool for tool, path in found.items() if not path]
    if not found and not list(MACROS.glob("ax_*.m4")):
        missing = [entry.origin]
    if missing:
        raise Failure(f"{missing[0]} is missing: board/setup buildroot installs it")
    (tree / "extra").mkdir(exist_ok=True)
    for name in ("COPYING", "COPYING.EXCEPTION", "LICENSE", "extra/COPYING"):
        (tree / name).write_text("The program of the computer that builds.\n")
    host = f"HOST_{pin.variable}"
    links = " && ".join(f"ln -sf {path} $(HOST_DIR)/bin/{tool}" for tool, path in found.items())
    if entry.package == "autoconf-archive":
        links = f"mkdir -p $(HOST_DIR)/share/autoconf-archive && cp {MACROS}/ax_*.m4 $(HOST_DIR)/share/autoconf-archive"
    place.own_hashes(pin)
    place.make += [f"{host}_OVERRIDE_SRCDIR = {tree}", f"override {host}_DEPENDENCIES :=", f"override {host}_EXTRA_DOWNLOADS :=",
                   f"override {host}_POST_PATCH_HOOKS :=", f"override {host}_POST_EXTRACT_HOOKS :=",
                   f"override define {host}_CONFIGURE_CMDS", "endef", f"override define {host}_BUILD_CMDS", "endef",
                   f"override define {host}_INSTALL_CMDS", f"\tmkdir -p $(HOST_DIR)/bin && {links}", "endef"]
    place.note(entry.package, pin.version, version(entry.package, found), "this computer's own")


def version(package, found):
    """What the program says about itself, or its Debian package."""
    if found:
        return run(next(iter(found.values())), "--version").decode().split("\n")[0].split()[-1]
    return run("dpkg-query", "-W", "-f", "${Version}", package).decode()
