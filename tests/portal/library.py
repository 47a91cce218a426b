"""The owner's tab Content in a real browser, with the real ownerd and contentd: sticks, words about them, what is held; and hostile texts."""
import contextlib, json, os, shutil, subprocess, time
import harness
from cdp import Browser
from owner import PASSWORD, log_in, owned

HOSTILE = "<img src=x onerror=alert(1)>\u202egpj.exe 💣 " + "x" * 250


@contextlib.contextmanager
def library(p):
    """contentd over the box's own folders; gives the folder that sticks appear in."""
    sticks = os.path.join(p.run_dir, "sticks")
    os.mkdir(sticks)
    store = os.path.join(p.data, "contentd")
    process = subprocess.Popen([harness.BINARY, "contentd", "--store", store, "--sticks", sticks], env=dict(os.environ, HOTSPOT_RUN=p.run_dir),
                               stderr=open(os.path.join(p.folder, "log"), "ab"))
    try:
        end = time.time() + 20
        while not os.path.exists(os.path.join(p.run_dir, "contentd.sock")):
            assert time.time() < end and process.poll() is None, "contentd does not start: " + p.log()
            time.sleep(0.05)
        yield sticks
    finally:
        process.kill()
        process.wait()


def bundle(p, folder, name, title, key, seq=1):
    """A bundle in a file of that folder, signed with the secret key that these two digits make."""
    source = os.path.join(p.folder, "source")
    shutil.rmtree(source, ignore_errors=True)
    os.mkdir(source)
    with open(os.path.join(source, "page.html"), "w") as f:
        f.write(f"<p>{name} {seq}")
    with open(os.path.join(p.folder, "key-" + key), "w") as f:
        f.write(key * 32 + "\n")
    subprocess.run([harness.BINARY, "bundle", "make", source, "-o", os.path.join(folder, name + ".car"), "--key", os.path.join(p.folder, "key-" + key), "--title", title,
                    "--name", name, "--seq", str(seq), "--lang", "pt,en", "--license", "CC-BY-4.0"], check=True, capture_output=True)


def insert(p, sticks, fill, name="sda1"):
    """A stick is there at once, with all that is on it."""
    made = os.path.join(p.folder, "made")
    os.mkdir(made)
    fill(made)
    os.rename(made, os.path.join(sticks, name))


def folder(stick, name="Fotos da festa"):
    os.mkdir(os.path.join(stick, name))
    with open(os.path.join(stick, name, "1.jpg"), "w") as f:
        f.write(name)


def open_tab(b, p):
    log_in(b, p, PASSWORD)
    b.says("All is well.")
    b.click("Content")
    b.says("Waits for your word")


def hold_two(b, p, sticks):
    """Two folders of a stick are in the library, and the tab is open."""
    insert(p, sticks, lambda stick: [folder(stick, "Uma"), folder(stick, "Outra")])
    time.sleep(3)
    open_tab(b, p)
    for n in (1, 2):
        b.click("Take it in")
        b.says(f"In the library ({n})")


def unfold(b, title):
    b.js(f"[...document.querySelectorAll('summary')].find(s => s.textContent.includes({title!r})).parentNode.open = true")


def held(b):
    return b.js("[...document.querySelectorAll('details > summary > span')].map(s => s.textContent)")


def test_a_stick_is_judged_on_the_page():
    with owned() as p, library(p) as sticks, Browser(width=390) as b:
        open_tab(b, p)
        b.says("Nothing waits.")
        b.says("The library is empty.")

        def fill(stick):
            bundle(p, stick, "plants", "Plantas", "11")
            bundle(p, stick, "maps", "Mapas", "11")
            bundle(p, stick, "songs", "Canções", "22")
            folder(stick)
        insert(p, sticks, fill)
        time.sleep(3)
        b.click("Content")
        b.says("Signed by a publisher about whom you have said nothing yet:")
        b.says("sda1/Fotos da festa")
        assert held(b) == []
        # The folder, by itself.
        b.click("Take it in")
        b.says("In the library (1)")
        assert held(b) == ["Fotos da festa"] and "Nobody vouches for it" in b.js("document.querySelector('#tab').textContent")
        # One of a publisher, once; the other goes on waiting.
        b.js("[...document.querySelectorAll('#tab li li')].find(l => l.textContent.startsWith('Mapas')).querySelector('button').click()")
        b.says("In the library (2)")
        assert held(b) == ["Fotos da festa", "Mapas"] and "Plantas" in b.text()
        # A stranger is refused, after a question that can be taken back.
        no = "[...document.querySelectorAll('#tab li')].find(l => l.textContent.startsWith('Signed') && l.textContent.includes('Canções')).querySelectorAll('button')[2]"
        b.js(no + ".click()")
        b.says("Nothing of this publisher is taken in or shown again")
        b.click("Cancel")
        assert "Canções" in b.text(), b.text()
        assert b.js(f"document.activeElement === {no}"), b.js("document.activeElement.outerHTML")
        b.js(no + ".click()")
        b.js("document.querySelector('.ask button').click()")
        b.says("Refused: nothing of theirs is taken in")
        assert "Canções" not in b.text()
        # Trust takes what waits.
        b.click("Trust this publisher")
        b.says("Compare the name sign by sign")
        b.js("document.querySelector('.ask button').click()")
        b.says("In the library (3)")
        b.says("Nothing waits.")
        b.says("Trusted: what they sign is taken in without asking")
        # Forgotten, the stranger waits again.
        b.js("[...document.querySelectorAll('h4')].find(h => h.textContent.startsWith('Refused')).nextSibling.querySelector('button').click()")
        b.says("wait for your word again")
        b.js("document.querySelector('.ask button').click()")
        b.says("Canções")
        # The stick is out: it waits no more.
        os.rename(os.path.join(sticks, "sda1"), os.path.join(p.folder, "out"))
        time.sleep(3)
        b.click("Content")
        b.says("Nothing waits.")
        assert not b.complaints, b.complaints


def test_what_is_held_is_pinned_and_removed():
    with owned() as p, library(p) as sticks, Browser(width=390) as b:
        hold_two(b, p, sticks)
        first, second = held(b)
        assert "goes first" in b.js("document.querySelector('#tab details summary').textContent")
        unfold(b, first)
        b.click("Pin: keep it")
        b.says("pinned: stays")
        assert b.js("document.activeElement.tagName") == "SUMMARY"
        assert b.js(f"[...document.querySelectorAll('summary')].find(s => s.textContent.includes({second!r})).textContent.includes('goes first')"), "the next one in the order"
        b.click("Unpin")
        b.until("!document.body.innerText.includes('pinned: stays')")
        b.click("Remove")
        b.says("you need the stick or the source")
        b.click("Cancel")
        assert len(held(b)) == 2
        b.click("Remove")
        b.js("document.querySelector('.ask button').click()")
        b.says("In the library (1)")
        assert held(b) == [second]
        unfold(b, "Look for damage")
        b.click("Look for damage now")
        b.says("Done.")
        unfold(b, "What arrived")
        b.says("Removed: " + first)
        b.says("Taken in: " + second)
        unfold(b, "Take a bundle from a web address")
        b.fill("Web address of the bundle", "/etc/passwd")
        b.js("[...document.querySelectorAll('form')].find(f => f.querySelector('input[type=url]')).requestSubmit()")
        b.says("the address begins with http")
        b.fill("Web address of the bundle", "http://127.0.0.1:1/x.car")
        b.js("[...document.querySelectorAll('form')].find(f => f.querySelector('input[type=url]')).requestSubmit()")
        b.says("That did not work:")
        unfold(b, "Trust a publisher whose name")
        b.fill("The publisher's name", "k51nonsense")
        b.js("[...document.querySelectorAll('form')].find(f => f.querySelector('input[type=text]')).requestSubmit()")
        b.until("document.querySelector('.ask') !== null")
        b.js("document.querySelector('.ask button').click()")
        b.says("wants a fingerprint")
        assert not b.complaints, b.complaints


class Lender:
    """The supervisor's part: a stick in sticks.json, lent when it is asked for. What mounting is like, tests/scenarios/content.sh sees."""

    def __init__(self, p, sticks):
        self.p, self.wishes, self.refused = p, [], None
        self.stick = {"name": "sda1", "seq": 7, "path": os.path.join(sticks, "sda1"), "fs": "vfat", "size": 16_000_000_000, "why": None, "writable": False, "refused": None}
        self.write(self.stick)
        p.neighbour("supervisor", self.answer)

    def write(self, *known):
        path = os.path.join(self.p.run_dir, "sticks.json")
        with open(path + ".new", "w") as f:
            json.dump({"v": 1, "sticks": known}, f)
        os.rename(path + ".new", path)

    def answer(self, path, body=None):
        if path != "/stick":
            return self.p.supervisor(path, body)
        self.wishes.append((body["name"], body["seq"], body["write"]))
        self.stick["refused"] = self.refused if body["write"] else None
        self.stick["writable"] = body["write"] and not self.refused
        if self.stick["writable"]:
            os.makedirs(os.path.join(self.stick["path"], "p2p-hotspot"), exist_ok=True)
        self.write(self.stick)
        return 200, {"v": 1}


def test_bundles_and_the_table_go_onto_a_stick():
    days = [{"date": "2026-11-30", "phones": 7, "hours": [1] * 24, "served": 0, "down": 0, "up": 0, "minutes": 60, "reads": {}}]
    with owned() as p, library(p) as sticks, Browser(width=320) as b:
        p.neighbour("countd", lambda path: (200, {"v": 1, "days": days}))
        hold_two(b, p, sticks)
        unfold(b, "For the next village")
        b.says("No stick is in.")
        lender = Lender(p, sticks)
        b.click("Look again")
        b.says("sda1: 16 GB, ")
        b.fits()
        b.axe()
        # One is left out.
        b.js("[...document.querySelectorAll('label')].find(l => l.textContent.startsWith('Uma')).click()")
        b.click("Write onto the stick")
        b.says("The stick can be pulled now.")
        ours = os.path.join(sticks, "sda1", "p2p-hotspot")
        [name] = os.listdir(ours)
        assert name.startswith("Outra-") and name.endswith(".car") and lender.wishes == [("sda1", 7, True), ("sda1", 7, False)], (name, lender.wishes)
        # What cannot be is said, and nothing is left behind.
        lender.refused = "it is write-protected: it may have a switch, or be worn out"
        b.click("Write onto the stick")
        b.says("That did not work: the stick cannot be written: it is write-protected")
        assert lender.wishes[-2:] == [("sda1", 7, True), ("sda1", 7, False)] and os.listdir(ours) == [name]
        b.js("document.querySelectorAll('fieldset input[type=checkbox]').forEach(c => { c.checked = false; })")
        b.click("Write onto the stick")
        b.says("are wanted")
        lender.refused = None
        b.click("Statistics")
        b.says("The table onto a stick")
        unfold(b, "The table onto a stick")
        b.says("sda1: 16 GB, ")
        b.fits()
        b.axe()
        b.click("Write it onto the stick")
        b.says("The stick can be pulled now.")
        with open(os.path.join(ours, "statistics-2026-11-30.csv")) as f:
            assert "2026-11-30" in f.read()
        lender.write()
        b.click("Write it onto the stick")
        b.says("there is no such stick in the box")
        assert not b.complaints, b.complaints


def status(n=40):
    """As contentd tells it, with texts that want to be more than texts."""
    bundles = [{"root": f"bafy{i}", "title": HOSTILE if i % 2 else "مكتبة القرية", "publisher": "k51" + "q" * 59 if i % 3 else "", "signed": bool(i % 3), "seq": i, "files": i, "bytes": 10**i % (1 << 40),
                "languages": [HOSTILE] * 5, "license": HOSTILE, "pinned": i == 0, "arrived": i * 10**8, "created": 0} for i in range(n)]
    waiting = [{"id": str(i), "kind": ("bundle", "unsigned", "folder")[i % 3], "title": HOSTILE, "publisher": "k51" + "z" * 59 if i % 3 == 0 else "", "seq": i, "bytes": i << 20, "path": "/run/x/" + HOSTILE}
               for i in range(6)]
    return {"v": 1, "state": "importing", "progress": {"what": "importing", "title": HOSTILE, "done": 5, "total": 0}, "space": {"used": 1 << 33, "room": 1 << 34, "reserve": 1 << 30},
            "bundles": bundles, "waiting": waiting, "sources": [{"address": "https://" + "y" * 200, "ok": False, "text": HOSTILE, "t": 1_796_055_180}]}


def pretend(p):
    def contentd(path, body=None):
        if path == "/log":
            return 200, {"v": 1, "log": [{"t": 1_796_055_180, "what": "failed", "title": HOSTILE, "publisher": "", "from": "/run/" + HOSTILE, "why": HOSTILE}] * 500}
        if path == "/publishers":
            return 200, {"v": 1, "trusted": ["k51" + "t" * 59], "refused": ["k51" + "r" * 59]}
        return 200, status()
    p.neighbour("contentd", contentd)


def test_hostile_titles_at_three_widths():
    with owned(f'[content]\ntrusted = ["k51{"s" * 59}"]') as p, Browser() as b:
        pretend(p)
        open_tab(b, p)
        b.js("document.querySelectorAll('#tab details').forEach(d => { d.open = true; })")
        b.says("Failed: <img src=x")
        b.says("from the settings")
        assert "\u202e" not in b.text() and not b.js("document.querySelectorAll('#tab img').length")
        b.fits_both_ways()
        assert not b.complaints, b.complaints


def test_nothing_serious_for_axe_in_content():
    with owned() as p:
        pretend(p)
        for dark in (False, True):
            with Browser(width=320, dark=dark) as b:
                open_tab(b, p)
                b.js("document.querySelectorAll('#tab details').forEach(d => { d.open = true; })")
                b.says("Failed: <img src=x")
                b.click("Trust this publisher")
                b.axe()


def test_a_silent_library_is_said():
    with owned() as p, Browser(width=320) as b:
        log_in(b, p, PASSWORD)
        b.says("All is well.")
        b.click("Content")
        b.says("The library does not answer right now.")
        with library(p):
            b.click("Look again")
            b.says("Nothing waits.")
