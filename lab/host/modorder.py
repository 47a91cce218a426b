"""Prints module files of a kernel in load order: those named in a list, each after what it depends on."""
import os
import sys


def main(moddir: str, list_file: str) -> None:
    deps = {}
    with open(os.path.join(moddir, "modules.dep")) as f:
        for line in f:
            path, _, rest = line.partition(":")
            # modules.dep names the nearest dependency first, so the load order is the reverse.
            deps[path] = list(reversed(rest.split()))
    with open(os.path.join(moddir, "modules.builtin")) as f:
        builtin = {os.path.basename(line.strip()).removesuffix(".ko").replace("-", "_") for line in f}
    by_name = {os.path.basename(p).split(".")[0].replace("-", "_"): p for p in deps}
    seen = []
    with open(list_file) as f:
        names = [line.split("#")[0].strip() for line in f]
    for name in filter(None, names):
        path = by_name.get(name.replace("-", "_"))
        if path is None:
            if name.replace("-", "_") in builtin:
                continue
            sys.exit(f"lab/tools: the kernel has no module {name}: lab/modules.list")
        for p in deps[path] + [path]:
            if p not in seen:
                seen.append(p)
    print("\n".join(seen))


main(*sys.argv[1:])
