"""Kernel modules: which ship, in which order they load, and their installation uncompressed (BusyBox loads no compressed ones)."""

import re

from common import BOARD, Failure, run, warn

LIST = BOARD / "kernel" / "modules.list"
# Never shipped, whatever depends on it: simulated radios come with the lab.
REFUSED = {"mac80211_hwsim"}


def same(name):
    """Module names treat - and _ alike."""
    return name.replace("-", "_")


def wanted():
    """board/kernel/modules.list: {"initramfs": [name], "root": [name]}."""
    lists, current = {"initramfs": [], "root": []}, None
    for line in LIST.read_text().splitlines():
        line = line.strip()
        if re.fullmatch(r"\[\w+\]", line):
            current = lists[line[1:-1]]
        elif line and not line.startswith("#"):
            current.append(same(line))
    return lists


class Modules:
    """The modules of one kernel package."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.paths = {same(p.name.split(".")[0]): p for p in kernel.modules.rglob("*.ko*")}
        names = (line.rsplit("/", 1)[-1] for line in (kernel.modules / "modules.builtin").read_text().split())
        self.builtin = {same(name.removesuffix(".ko")) for name in names}
        self.bytes = {}

    def content(self, name):
        """A module's uncompressed bytes."""
        if name not in self.bytes:
            path = self.paths[name]
            data = path.read_bytes()
            if path.suffix == ".xz":
                # Debian's are packed. Buildroot's own Python, which runs this too, cannot unpack and has nothing to.
                import lzma
                data = lzma.decompress(data)
            self.bytes[name] = data
        return self.bytes[name]

    def info(self, name, field):
        """Values of one field of a module's .modinfo (`depends=a,b` and the like)."""
        return [v.decode() for v in re.findall(rb"\0" + field.encode() + rb"=([^\0]*)", self.content(name))]

    def closure(self, names):
        """Modules with all that they need, in an order in which they load."""
        order = []

        def add(name, trail):
            if name in order or name in self.builtin:
                return
            if name in REFUSED or name in trail:
                raise Failure(f"module {name} may not ship ({' -> '.join(trail)})")
            if name not in self.paths:
                # A substituted kernel may have renamed one: a box without it is better than no box.
                warn(f"the kernel has no module {name}: take it out of board/kernel/modules.list")
                return
            needs = [n for value in self.info(name, "depends") for n in value.split(",") if n]
            soft = [n for value in self.info(name, "softdep") for n in before(value)]
            for other in needs:
                add(same(other), trail + [name])
            for other in soft:
                if same(other) in self.paths:
                    add(same(other), trail + [name])
            order.append(name)

        for name in names:
            add(name, [])
        return order

    def relative(self, name):
        """Where a module goes, from /lib/modules/RELEASE."""
        path = self.paths[name].relative_to(self.kernel.modules)
        return path.with_name(path.name.split(".ko")[0] + ".ko")

    def install(self, names, root):
        """Writes modules and the tables that modprobe reads under `root`/usr/lib/modules."""
        home = root / "usr/lib/modules" / self.kernel.release
        for name in names:
            path = home / self.relative(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.content(name))
        for table in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            (home / table).write_bytes((self.kernel.modules / table).read_bytes())
        run("depmod", "-b", root / "usr", self.kernel.release)
        # BusyBox reads the text tables; these would only take room.
        for table in list(home.glob("modules.*.bin")) + [home / "modules.order", home / "modules.softdep"]:
            table.unlink(missing_ok=True)


def before(softdep):
    """The `pre:` half of a softdep value."""
    return softdep.split("post:")[0].replace("pre:", "").split()
