#!/usr/bin/env python3
"""A second implementation of docs/formats/update-bundle.md, from its text: reads out/p2p-hotspot.update and compares with out/slot.img.

Nothing of ours is used but the file: signatures are checked by OpenSSL, chunks are unpacked by zstd's own program. Then the tool's
words: what it makes it verifies, and what was changed it refuses.
"""

import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "board" / "build" / "lib"))
sys.dont_write_bytecode = True

import keys  # noqa: E402
import programs  # noqa: E402
import slot  # noqa: E402
from common import OUT  # noqa: E402

UPDATE, TOOL = OUT / "p2p-hotspot.update", programs.tool()
results = []


def check(name, seen, wanted=True):
    """Counts one comparison."""
    results.append(seen == wanted)
    if seen != wanted:
        print(f"FAILED: {name}: {str(seen)[:300]}, wanted {str(wanted)[:300]}")


def canonical(data):
    """A document, and whether its bytes are its only form."""
    document = json.loads(data)
    return document, json.dumps(document, separators=(",", ":")).encode() == data


def signed(tag, document, signature, work):
    """Whether OpenSSL agrees."""
    key, message, sig = (work / n for n in ("key", "message", "sig"))
    key.write_bytes(bytes.fromhex("302a300506032b6570032100" + signature["key"]))
    message.write_bytes(tag.encode().ljust(32, b"\0") + struct.pack("<Q", len(document)) + document)
    sig.write_bytes(bytes.fromhex(signature["sig"]))
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-keyform", "DER", "-rawin", "-in", message, "-sigfile", sig],
                          stdout=subprocess.DEVNULL, check=False).returncode == 0


def read(data, work):
    """The image of a bundle, by the format's page."""
    magic, form, roots, manifest, signatures, index, zero, chunks, total, rest = struct.unpack("<8s6IQQ16s", data[:64])
    check("header", (magic, form, zero, total, rest), (b"P2PHOTUP", 1, 0, len(data), bytes(16)))
    check("lengths", 64 + roots + manifest + signatures + index + chunks, len(data))
    at, parts = 64, []
    for length in (roots, manifest, signatures, index, chunks):
        parts.append(data[at:at + length])
        at += length
    roots, manifest, signatures, index, chunks = parts
    chain, form = canonical(roots)
    check("roots are canonical", form)
    check("first root is the card's", roots, keys.root().read_bytes().strip())
    root = chain[-1]["root"]
    document = json.dumps(root, separators=(",", ":")).encode()
    check("root is signed by its own key", signed("p2p-hotspot signed root 1", document, chain[-1]["signatures"][0], work))
    m, form = canonical(manifest)
    check("manifest is canonical", form)
    check("manifest's fields", list(m), "v boards seq built commit size image index min back data_from data_to".split())
    sigs, form = canonical(signatures)
    check("signatures are canonical", form)
    check("signed by a release key", sigs[0]["key"] in root["releases"])
    check("the signature holds", signed("p2p-hotspot signed manifest 1", manifest, sigs[0], work))
    check("index", hashlib.sha256(index).hexdigest(), m["index"])
    blocks = m["size"] // 4096
    count = -(-blocks // 16)
    check("index's length", len(index), 4 * count + 32 * blocks)
    at, image = 0, []
    for chunk, length in enumerate(struct.unpack(f"<{count}I", index[:4 * count])):
        stored, size = chunks[at:at + length], min(16, blocks - 16 * chunk) * 4096
        at += length
        if length < size:
            stored = subprocess.run(["zstd", "-dcq"], input=stored, stdout=subprocess.PIPE, check=True).stdout
        image.append(stored)
    check("chunks' length", at, len(chunks))
    image = b"".join(image)
    hashes = index[4 * count:]
    good = sum(hashlib.sha256(image[4096 * n:4096 * n + 4096]).digest() == hashes[32 * n:32 * n + 32] for n in range(blocks))
    check("blocks that are what was signed", good, blocks)
    check("image", hashlib.sha256(image).hexdigest(), m["image"])
    return m, image


def tool(*args):
    """The exit status and what was said."""
    done = subprocess.run([TOOL, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout.strip()


def words(data, work):
    """What the tool says of good and bad files."""
    root, bad = keys.root(), work / "bad.update"
    check("verify", tool("update", "verify", UPDATE, "--root", root)[0], 0)
    check("inspect", json.loads(tool("update", "inspect", UPDATE, "--root", root, "--json")[1])["refusal"], None)
    for name, change in (("one bit of a chunk", data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]), ("cut", data[:-1]), ("longer", data + b"x"),
                         ("another file", b"MZ" + data[2:]), ("empty", b"")):
        bad.write_bytes(change)
        status, said = tool("update", "verify", bad, "--root", root)
        check(f"{name}: refused in one line", (status, said.count("\n"), said.startswith("hotspot: ")), (1, 0, True))
    check("a folder named like an update", tool("update", "verify", work, "--root", root)[0], 1)
    check("keys are not overwritten", tool("keys", "new", keys.folder())[0], 1)
    check("secret keys are only the owner's", {p.stat().st_mode & 0o777 for p in keys.folder().glob("*.key")} <= {0o600})
    rotation(work)


def rotation(work):
    """A community's own keys, and its release key replaced: docs/updates.md, step by step."""
    home = work / "community"
    step = [tool("keys", "new", home)[0]]
    step.append(tool("keys", "one", "release", work / "new.key")[0])
    old = json.loads((home / "root.json").read_text())[0]["root"]["releases"][0]
    step.append(tool("keys", "root", "draft", home / "root.json", "-o", work / "next.json", "--drop", old, "--add-release", work / "new.key")[0])
    check("an unsigned root does not hold", tool("keys", "root", "show", work / "next.json")[0], 1)
    before = work / "before.update"
    step.append(tool("update", "make", slot.SLOT, "-o", before, "--keys", home, "--seq", "5")[0])
    step.append(tool("keys", "root", "sign", work / "next.json", home / "root.key")[0])
    step.append(tool("keys", "root", "show", work / "next.json")[0])
    first = work / "first.json"
    (home / "root.json").rename(first)
    (work / "next.json").rename(home / "root.json")
    check("the old key makes nothing any more", tool("update", "make", slot.SLOT, "-o", work / "x", "--keys", home)[0], 1)
    (work / "new.key").rename(home / "release.key")
    after = work / "after.update"
    step.append(tool("update", "make", slot.SLOT, "-o", after, "--keys", home, "--seq", "6", "--boards", "4b,3b")[0])
    check("every step of the guide", step, [0] * len(step))
    check("a box with the first root takes the new key's", tool("update", "verify", after, "--root", first)[0], 0)
    check("a box with the new root refuses the old key's", "withdrawn" in tool("update", "verify", before, "--root", home / "root.json")[1])
    check("a box of others refuses it", "stranger" in tool("update", "verify", after, "--root", keys.root())[1])
    manifest = json.loads(tool("update", "inspect", after, "--json")[1])["manifest"]
    check("what was asked for", (manifest["seq"], manifest["boards"]), (6, ["3b", "4b"]))
    status, said = tool("update", "channel", after, "-o", work / "channel.json", "--keys", home, "--json")
    check("channel", status, 0)
    entry = json.loads(said)["channel"]["releases"][0]
    check("channel's entry", (entry["seq"], entry["url"], entry["size"]), (6, "after.update", after.stat().st_size))
    with open(after, "rb") as file:
        image = read_header(file.read())
    check("the slot's header has the sequence", int(slot.variables(image)["s_seq"], 16), 6)


def read_header(data):
    """The image's first block, of a first chunk that is packed or not."""
    lengths = struct.unpack("<4I", data[12:28])
    index = data[64 + sum(lengths[:3]):][:lengths[3]]
    chunk = data[64 + sum(lengths):][:struct.unpack("<I", index[:4])[0]]
    if len(chunk) < 65536:
        chunk = subprocess.run(["zstd", "-dcq"], input=chunk, stdout=subprocess.PIPE, check=True).stdout
    return chunk[:4096]


def main():
    """Entry point."""
    subprocess.run([TOP / "board/build/update"], check=True)
    data = UPDATE.read_bytes()
    with tempfile.TemporaryDirectory(prefix="hotspot-update-") as work:
        work = pathlib.Path(work)
        manifest, image = read(data, work)
        check("the image is the slot's payload", image == slot.SLOT.read_bytes())
        header = slot.variables(image[:4096])
        check("sequence and time are the header's", (manifest["seq"], manifest["built"]), (int(header["s_seq"], 16), int(header["s_built"], 16)))
        words(data, work)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


sys.exit(main())
