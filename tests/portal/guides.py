"""Guides as bundles: packed with `hotspot bundle make`, judged by the real contentd, shown by the real portald."""
import contextlib, json, os, shutil, struct, subprocess, time, zlib
import harness
from cdp import Browser
from harness import Portal
from library import insert, library

EXAMPLES = os.path.join(harness.ROOT, "examples/guides")
ANDROID = "Mozilla/5.0 (Linux; Android 13; Pixel 6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36"


def png(width, height):
    """A picture of two colours."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"".join(bytes((30, 120, 90) if (x // 20 + y // 20) % 2 else (250, 230, 200)) for x in range(width)) for y in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tool(p, *args):
    return subprocess.run([harness.BINARY, *args], env=dict(os.environ, HOTSPOT_RUN=p.run_dir), check=True, capture_output=True, text=True).stdout


def pack(p, name, out, change=lambda folder: None, key="33", seq=1):
    """The example of that name, changed, as a bundle in that file; gives its publisher."""
    folder = os.path.join(p.folder, "guide")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(EXAMPLES, name), folder)
    change(folder)
    secret = os.path.join(p.folder, "key-" + key)
    with open(secret, "w") as f:
        f.write(key * 32 + "\n")
    said = tool(p, "bundle", "make", folder, "-o", out, "--key", secret, "--seq", str(seq))
    return said.split("publisher ")[1].strip()


def say(**texts):
    """Writes these texts, by language."""
    def change(folder):
        for lang, text in texts.items():
            with open(os.path.join(folder, lang + ".txt"), "w") as f:
                f.write(text)
    return change


def page(p, path):
    return p.ask("localhost", path).body.decode()


def until(p, path, words, seconds=30):
    end = time.time() + seconds
    while words not in page(p, path):
        assert time.time() < end, f"{words!r} is not on {path}: " + page(p, path)
        time.sleep(0.2)


@contextlib.contextmanager
def trusting(key="33", **more):
    """A portal whose library trusts who signs with that key."""
    with Portal(**more) as p:
        publisher = pack(p, "find", os.path.join(p.folder, "any.car"), key=key)
        with library(p) as sticks:
            tool(p, "content", "trust", publisher)
            yield p, sticks


def test_a_bundle_takes_the_place_of_a_guide_once_it_is_trusted():
    with Portal() as p, library(p) as sticks:
        changed = say(en="Find Ana's box\n\n1. Type {address} into the line.\n2. <b>Sit</b> under the tree.\n", fr="\ufeffTrouver la boîte d'Ana\r\n\r\nTapez {address}.\r\n")
        publisher = []
        insert(p, sticks, lambda stick: publisher.append(pack(p, "find", os.path.join(stick, "guide.car"), changed)))
        time.sleep(3)
        for path in ("/", "/guide/find"):
            assert "Find this page again" in page(p, path) and "Ana" not in page(p, path), "nobody has said that its publisher is trusted"
        tool(p, "content", "trust", *publisher)
        until(p, "/guide/find", "Find Ana&#39;s box</h1>")
        got = page(p, "/guide/find")
        assert "&#60;b&#62;Sit" in got and "<b>Sit" not in got and '<a class="address" href="http://10.42.0.1/">' in got, got
        assert "Find Ana&#39;s box" in page(p, "/") and "Trouver la boîte d&#39;Ana" in page(p, "/guide/find?lang=fr")
        # A language that the bundle has from the example, and guides that nobody replaced.
        assert "Encontrar esta página otra vez</h1>" in page(p, "/guide/find?lang=es") and "Install an app" in page(p, "/guide/app")
        # The next release takes its place; removed, ours is back.
        insert(p, sticks, lambda stick: pack(p, "find", os.path.join(stick, "guide.car"), say(en="Ana has moved\nAsk at the shop."), seq=2), "sdb1")
        until(p, "/", "Ana has moved")
        root = json.loads(tool(p, "content", "list", "--json"))["bundles"][0]["root"]
        tool(p, "content", "remove", root)
        until(p, "/", "Find this page again")
        # A plain folder that the owner takes in is a guide by its own name.
        folder = os.path.join(p.folder, "guide-find")
        os.mkdir(folder)
        say(en="By a plain folder\nOne step.")(folder)
        with open(os.path.join(folder, "cover.png"), "wb") as f:
            f.write(png(300, 100))
        tool(p, "content", "import", folder)
        until(p, "/", "By a plain folder")
        assert 'view/cover.png" alt=""' in page(p, "/guide/find")
        assert "Ana" not in page(p, "/guide/find")


def test_guides_that_do_not_fit_leave_ours():
    with trusting() as (p, sticks):
        bad = {"stay": say(en="Evil\n" + "x" * 700), "find": say(en="Evil\n" * 9000), "app": lambda folder: os.unlink(os.path.join(folder, "en.txt"))}
        insert(p, sticks, lambda stick: [pack(p, name, os.path.join(stick, name + ".car"), change) for name, change in bad.items()])
        until(p, "/library/", "Guide: Install an app")
        until(p, "/library/", "Guide: Keep the phone")
        until(p, "/library/", "Guide: Find this page again")
        for name, title in (("stay", "Keep the phone on this Wi-Fi"), ("find", "Find this page again"), ("app", "Install an app")):
            assert title + "</h1>" in page(p, "/guide/" + name) and "Evil" not in page(p, "/guide/" + name)
        assert "Evil" not in page(p, "/") and "Guide: " not in page(p, "/")
        # A text with marks that turn what stands beside it around.
        insert(p, sticks, lambda stick: pack(p, "internet", os.path.join(stick, "g.car"), say(en="\u202eAsk\u2066 at the shop\n\u202eIt is open\u2069 until six.")), "sdb1")
        until(p, "/guide/internet", "Ask at the shop</h1>")
        assert not set(page(p, "/guide/internet")) & set("\u202e\u2066\u2069")


def test_a_guide_with_pictures_at_three_widths():
    def fill(folder):
        say(fr="Où est la boîte\nTapez {address} dans la ligne du haut, puis attendez un peu.\nAsseyez-vous sous l'arbre" + "mot" * 60 + ".\nDemandez à Ana.")(folder)
        for name, size in (("cover.png", (900, 300)), ("2.png", (120, 400))):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(png(*size))
    with trusting() as (p, sticks), Browser(agent=ANDROID) as b:
        insert(p, sticks, lambda stick: pack(p, "find", os.path.join(stick, "guide.car"), fill))
        until(p, "/guide/find?lang=fr", "Où est la boîte")
        for width in (320, 390, 1280):
            b.resize(width)
            b.go(f"http://localhost:{p.port}/guide/find?lang=fr")
            b.says("Demandez à Ana.")
            b.until("[...document.querySelectorAll('img')].length === 2 && [...document.querySelectorAll('img')].every(i => i.complete && i.naturalWidth > 0)")
            b.fits()
            b.js("document.documentElement.dir = 'rtl'")
            b.fits()
            if os.environ.get("PICTURES"):
                b.js("document.documentElement.dir = 'ltr'")
                b.picture(os.path.join(os.environ["PICTURES"], f"guide-own-{width}.png"))
        b.resize(320)
        b.axe()
        b.go(f"http://localhost:{p.port}/?lang=fr")
        b.axe()
        assert not b.complaints, b.complaints
