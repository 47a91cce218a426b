"""Where a command runs: on the box, as a phone, on the internet's host, or in the lab itself."""
import os

import kernel

NETNS = "/run/netns/"
# The box's own file systems, laid over the merge of its root and the tools disk.
BOX_MOUNTS = ("proc", "sys", "dev", "run", "etc", "data", "tmp", "var", "boot")
PATHS = {
    "box": "/opt/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}


def make_netns(name: str) -> None:
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    kernel.unshare(kernel.CLONE_NEWNET)
    path = NETNS + name
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    kernel.mount("/proc/self/ns/net", path, "none", kernel.MS_BIND)
    kernel.setns(home, kernel.CLONE_NEWNET)
    os.close(home)


def enter_netns(name: str) -> None:
    fd = os.open(NETNS + name, os.O_RDONLY)
    kernel.setns(fd, kernel.CLONE_NEWNET)
    os.close(fd)


def enter_host(name: str) -> None:
    """A phone or the internet's host: its network, its name server, the tools disk as its root."""
    enter_netns(name)
    kernel.private()
    kernel.mount("sysfs", "/sys", "sysfs")
    resolv = f"/run/{name}/resolv.conf"
    if os.path.exists(resolv):
        kernel.mount(resolv, "/etc/resolv.conf", "none", kernel.MS_BIND)


def enter_box() -> None:
    """The box: its network and file systems, with the tools disk behind its root where the box has no such file."""
    tools = kernel.clone_tree("/mnt")
    lab = kernel.clone_tree("/tmp/lab")
    ns = os.open("/proc/1/ns/mnt", os.O_RDONLY)
    kernel.setns(ns, kernel.CLONE_NEWNS)
    os.close(ns)
    kernel.private()
    own = {d: kernel.clone_tree("/" + d, True) for d in BOX_MOUNTS if os.path.isdir("/" + d)}
    kernel.mount("lab", "/sys", "tmpfs")
    for d in ("tools", "root"):
        os.mkdir("/sys/" + d)
    kernel.put_tree(tools, "/sys/tools")
    kernel.mount("box", "/sys/root", "overlay", kernel.MS_RDONLY, "lowerdir=/:/sys/tools")
    for d, fd in own.items():
        kernel.put_tree(fd, "/sys/root/" + d)
    same_loader()
    os.chroot("/sys/root")
    os.chdir("/")
    try:
        os.makedirs("/tmp/lab", exist_ok=True)
        kernel.put_tree(lab, "/tmp/lab")
    except OSError:
        os.close(lab)


def same_loader() -> None:
    """Programs of the tools disk need its C library, and with that its loader; an older library's programs run with a newer one."""
    box, tools = (f"/sys/{where}/lib/ld-linux-aarch64.so.1" for where in ("root", "tools"))
    if not os.path.exists(box):
        return
    with open(box, "rb") as one, open(tools, "rb") as other:
        if one.read() == other.read():
            return
    kernel.mount(tools, box, "none", kernel.MS_BIND)
