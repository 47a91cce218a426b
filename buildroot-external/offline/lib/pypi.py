"""Python packages' sources from PyPI, at Buildroot's version and under its hash."""

from common import Failure, fresh, run


def bring(place, entry):
    """One package of sources.list."""
    pin = place.pin(entry.package)
    folder = place.kept / entry.package
    found = list(folder.glob("*.tar.gz"))
    if not found:
        fresh(folder)
        run("/usr/bin/python3", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder,
            f"{entry.origin}=={pin.version}")
        found = list(folder.glob("*.tar.gz"))
    same = found and pin.same(found[0])
    if not same:
        raise Failure(f"{entry.origin} {pin.version} from PyPI is not what Buildroot pins: do not use this index")
    target = place.sources / same
    target.unlink(missing_ok=True)
    target.hardlink_to(found[0])
    place.note(entry.package, pin.version, pin.version, "the very bytes that Buildroot pins")
