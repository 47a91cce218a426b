#!/usr/bin/python3 -B
"""Makes updates that the image of out/ must refuse: refused.py FOLDER. Each is FOLDER/N/update.bin, and FOLDER/N/why says in which words.
FOLDER/lost is for a box whose boot record has the floor of FOLDER/floor."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "board" / "build" / "lib"), str(TOP / "tests" / "update")]
import keys  # noqa: E402
import programs  # noqa: E402
import slot  # noqa: E402
from box import image  # noqa: E402
from test_refusals import join, split  # noqa: E402

out, tool, ours = pathlib.Path(sys.argv[1]), programs.tool(), keys.root().parent
head = slot.variables(slot.SLOT.read_bytes()[:4096])
seq = int(head["s_seq"], 16)
built = int(head["s_built"], 16) + 60
count = 0


def hotspot(*args):
    subprocess.run([str(a) for a in (tool, *args)], check=True, stdout=subprocess.DEVNULL)


def bundle(plus, *options, folder=ours):
    """An update of another number; nobody ever boots its payload."""
    path, payload = out / "made.update", out / "made.image"
    payload.write_bytes(image(seq + plus))
    hotspot("update", "make", payload, "-o", path, "--keys", folder, "--seq", seq + plus, "--built", built, *options)
    return path


def refused(path, why, name=None):
    """One more for the box to refuse."""
    global count
    count += name is None
    place = out / (name or f"{count:02}")
    place.mkdir()
    shutil.move(path, place / "update.bin")
    (place / "why").write_text(why)


def rotated(folder, *signers):
    """Keys whose root 2 has another release key than ours; signed by these."""
    folder.mkdir()
    hotspot("keys", "one", "release", folder / "release.key")
    hotspot("keys", "root", "draft", ours / "root.json", "-o", folder / "root.json", "--add-release", folder / "release.key", "--drop", ours / "release.key")
    if signers:
        hotspot("keys", "root", "sign", folder / "root.json", *signers)
    return folder


refused(bundle(-1), f"release {seq - 1} is older than {seq}, which runs")
refused(bundle(0), f"release {seq} is what runs already")
refused(bundle(1, "--boards", "4b,400"), "it is for other boards (400, 4b), and this is virt")

unsigned = bundle(1)
parts = split(unsigned)
parts[2] = b"[]"
join(unsigned, parts)
refused(unsigned, "nobody signed it")

hotspot("keys", "new", out / "others")
refused(bundle(1, folder=out / "others"), "it was signed by a stranger")

few = bundle(1)
parts = split(few)
parts[0] = (rotated(out / "few") / "root.json").read_bytes().strip()
join(few, parts)
refused(few, "its root 2 has 0 signatures that count and 1 must")

short = bundle(1)
os.truncate(short, short.stat().st_size - 1000)
refused(short, "it is damaged: it has")

# The new root comes with any update, even with one that is not taken; from then on the old key is worth nothing.
retired = bundle(2)
os.rename(retired, out / "retired")
refused(bundle(-2, folder=rotated(out / "new", ours / "root.key")), f"release {seq - 2} is older than {seq}, which runs")
refused(out / "retired", "it was signed by a key that was withdrawn")

refused(bundle(3), f"release {seq + 3} is older than {seq + 5}, the oldest that this box still takes", "lost")
(out / "floor").write_text(f"{seq + 5:x}")
print(json.dumps({"seq": seq, "count": count}))
