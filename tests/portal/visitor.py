"""A visitor, and the owner by keyboard, in a real browser: every page at three widths, without scripts, by keyboard, from right to left, and what axe-core finds."""
import json
from cdp import Browser
from gate import Gate
from harness import Portal
from owner import PASSWORD, at, log_in, owned

PAGES = ("/", "/files/", "/guide/stay", "/guide/find", "/guide/app", "/guide/internet", "/internet", "/V/ABCDEFGHJ", "/nothing")
VOUCHERS = {"internet": {"access": "voucher"}}
ANDROID = "Mozilla/5.0 (Linux; Android 13; Pixel 6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36"
FILES = {"a-very-long-name-" + "x" * 120 + ".txt": b"a", "Manual.pdf": b"%PDF" * 500}


def test_pages_at_three_widths_in_all_languages():
    with Portal(VOUCHERS, files=FILES) as p, Browser(agent=ANDROID) as b:
        p.neighbour("netd", Gate())
        for width in (320, 390, 1280):
            b.resize(width)
            for path in PAGES:
                for lang in ("en", "pt", "es", "fr") if width == 320 else ("fr",):
                    b.go(f"http://localhost:{p.port}{path}?lang={lang}")
                    b.fits()
                    assert b.js("document.documentElement.lang") == lang
        assert not [c for c in b.complaints if "404" not in c], b.complaints


def test_nothing_serious_for_axe():
    with Portal(VOUCHERS, files=FILES) as p:
        p.neighbour("netd", Gate())
        for dark in (False, True):
            with Browser(width=320, agent=ANDROID, dark=dark) as b:
                for path in PAGES:
                    b.go(f"http://localhost:{p.port}{path}")
                    b.axe()


def test_right_to_left():
    with Portal(files=FILES) as p, Browser(width=320, agent=ANDROID) as b:
        for path in PAGES:
            b.go(f"http://localhost:{p.port}{path}")
            b.js("document.documentElement.dir = 'rtl'")
            b.fits()
            left = b.js("document.querySelector('h1').getBoundingClientRect().right > innerWidth - 40")
            assert left, "text begins at the right edge"


def test_the_first_page_is_small_and_asks_once():
    with Portal(files=FILES) as p, Browser(agent=ANDROID) as b:
        b.go(f"http://localhost:{p.port}/")
        asked = [u for u in b.requests if not u.startswith("data:")]
        assert len(asked) <= 2, asked
        assert len(p.ask("localhost", "/").raw) < 50_000


def test_continue_and_language_without_scripts_by_keyboard():
    with Portal(files=FILES) as p, Browser(width=390, agent=ANDROID, scripts=False) as b:
        b.call("Page.navigate", url=f"http://localhost:{p.port}/?lang=pt")
        deadline = 60
        for _ in range(deadline):
            b.key("Tab")
            # Scripts are off for the page, not for the debugger.
            if b.js("document.activeElement && document.activeElement.tagName") == "BUTTON":
                break
        b.key("Enter")
        b.until("document.body.innerText.includes('Pode ficar') || document.querySelector('.tick') !== null", 20)
        assert b.js("location.search") == "?lang=pt"
        assert p.ask("connectivitycheck.gstatic.com", "/generate_204").status == 204


def test_a_voucher_without_scripts_by_keyboard():
    gate = Gate()
    with Portal(VOUCHERS) as p, Browser(width=320, agent=ANDROID, scripts=False) as b:
        p.neighbour("netd", gate)
        b.call("Page.navigate", url=f"http://localhost:{p.port}/?lang=es")
        field = "document.activeElement && document.activeElement.id === 'code'"
        for _ in range(60):
            b.key("Tab")
            if b.js(field):
                break
        assert b.js(field)
        for letter in "oops":
            b.call("Input.dispatchKeyEvent", type="char", text=letter)
        b.key("Enter")
        b.says("Ese vale no existe")
        assert gate.entered == ["oops"]
        for _ in range(60):
            b.key("Tab")
            if b.js(field):
                break
        for letter in "ABCDEFGHJ":
            b.call("Input.dispatchKeyEvent", type="char", text=letter)
        b.key("Enter")
        b.says("Este teléfono tiene internet.")
        b.says("1 h 30 min")
        assert b.js("location.pathname + location.search") == "/internet?lang=es"
        # Who has typed a voucher has met the portal.
        assert p.ask("connectivitycheck.gstatic.com", "/generate_204").status == 204


def test_hostile_vouchers_are_said_to_be_wrong():
    gate = Gate()
    with Portal(VOUCHERS) as p:
        p.neighbour("netd", gate)
        for text in ("", "%00", "%E2%80%AE", "<script>", "A" * 5000, "%F0%9F%92%A3" * 50, "%zz", "'%20OR%201"):
            body = f"code={text}".encode()
            answer = p.ask("localhost", "/internet", "POST", {"content-type": "application/x-www-form-urlencoded"}, body=body)
            assert answer.status == 403 and b"<script>" not in answer.body, (text[:20], answer.status)
        body = b"code=wait"
        answer = p.ask("localhost", "/internet", "POST", None, body=body)
        assert answer.status == 429 and b"17 seconds" in answer.body


def test_the_owner_makes_shows_and_removes_vouchers():
    gate = Gate()
    with owned("[internet]\naccess = \"voucher\"") as p, Browser(width=320) as b:
        p.neighbour("netd", gate)
        log_in(b, p, PASSWORD)
        b.says("All is well.")
        b.click("Internet")
        b.says("There are no vouchers yet.")
        b.says("Two devices use this phone's identity")
        b.axe()
        b.fits()
        b.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        b.fill("How much", "2")
        b.fill("How many vouchers", "30")
        b.fill("For your own memory, such as “Market day”", "Feira \u202e<b>x</b>")
        b.click("Make them")
        b.says("30 × 2 h")
        b.click("Show and print")
        b.until("document.querySelectorAll('.slip').length === 24")
        b.says("http://10.42.0.1/internet")
        b.axe()
        b.fits()
        b.click("More of them")
        b.until("document.querySelectorAll('.slip').length === 6")
        b.click("Back")
        b.says("30 × 2 h")
        b.click("Remove")
        b.says("This cannot be undone.")
        b.js("document.querySelector('.ask button').click()")
        b.says("There are no vouchers yet.")
        assert gate.batches == [] and not b.complaints, b.complaints


def test_statistics_clock_and_the_token():
    days = [{"date": f"2026-11-{n:02}", "phones": n, "hours": [n] * 24, "served": n * 10**6, "down": n * 10**6, "up": 0, "minutes": 1440, "reads": {"bafyA": n}} for n in range(1, 31)]
    with owned() as p, Browser(width=320) as b:
        p.neighbour("countd", lambda path: (200, {"v": 1, "days": days}))
        p.neighbour("contentd", lambda path: (200, {"v": 1, "bundles": [{"root": "bafyA", "title": "<i>Plants</i>", "arrived": 1_796_055_180}]}))
        p.neighbour("clockd", lambda path, body=None: (200, {"v": 1, "source": "kept"}) if body is None else (409, {"v": 1, "error": "too far"}))
        log_in(b, p, PASSWORD)
        b.says("All is well.")
        b.says("the newest came on 2026-11-30")
        b.click("Statistics")
        b.says("Phones a day")
        b.until("document.querySelectorAll('svg.chart rect').length === 30 * 4 + 24")
        b.says("<i>Plants</i> (465)")
        b.axe()
        b.fits()
        b.click("Password, restart")
        b.click("Set it from this phone")
        b.says("are too far apart")
        b.click("Show the line")
        b.says("Authorization: Bearer ")
        token = b.js("document.querySelector('code').textContent").split(" ", 1)[1]
        p.reload()
        answer = p.ask("localhost", "/metrics", headers={"authorization": token})
        assert answer.status == 200 and answer.body.endswith(b"# EOF\n") and b"hotspot_portal_requests_total" in answer.body
        assert p.ask("localhost", "/metrics", headers={"authorization": token[:-1]}).status == 401


def test_without_scripts_the_state_is_there_and_the_rest_is_explained():
    with owned() as p, Browser(width=320, scripts=False) as b:
        b.go(at(p))
        got = p.ask("localhost", "/admin/").body.decode()
        assert "this page needs JavaScript" in got and "All is well." in got


def test_the_keyboard_alone_and_a_screen_reader():
    with owned() as p, Browser(width=320) as b:
        b.go(at(p))
        b.until("Boolean(document.querySelector('#owner input'))")
        b.axe()
        for _ in range(60):
            b.key("Tab")
            if b.js("document.activeElement.type") == "password":
                break
        for letter in PASSWORD:
            b.call("Input.dispatchKeyEvent", type="char", text=letter)
        b.key("Enter")
        b.says("All is well.")
        b.axe()
        b.fits()
        for _ in range(60):
            b.key("Tab")
            if b.js("document.activeElement.textContent") == "Settings":
                break
        b.key("Enter")
        b.says("Wi-Fi name")
        b.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        b.fits()
        b.axe()
        assert b.js("document.activeElement.tagName") == "H2"


def test_the_first_page_is_the_communitys_own():
    with owned() as p, Browser(width=390) as b:
        log_in(b, p, PASSWORD)
        b.click("First page")
        b.fill("Welcome in Português", "Bem-vindos \u202e<b>à</b> Vila\nsegunda linha")
        b.fill("Colours", "blue")
        b.fill("What the picture shows, for who cannot see it", 'a "river"')
        b.fill("Links", "Rádio | http://10.42.0.9/\nMapa | javascript:alert(1)")
        b.click("Save")
        b.says("a link's address starts with")
        b.fill("Links", "Rádio | http://10.42.0.9/\nMapas | /files/")
        # A noisy photograph, larger than fits.
        b.js("""new Promise(done => { const c = document.createElement('canvas'); c.width = 1600; c.height = 1200; const x = c.getContext('2d');
            for (let i = 0; i < 20000; i++) { x.fillStyle = '#' + Math.random().toString(16).slice(2, 8); x.fillRect(Math.random() * 1600, Math.random() * 1200, 30, 30); }
            c.toBlob(f => { const d = new DataTransfer(); d.items.add(new File([f], 'a.jpg', {type: 'image/jpeg'})); document.querySelector('input[type=file]').files = d.files; done(); }, 'image/jpeg', 0.95); })""")
        b.click("Save")
        b.says("Saved.", 60)
        b.axe()
        b.fits()
        for lang in ("pt", "en"):
            b.go(f"http://localhost:{p.port}/?lang={lang}")
            b.says("Bem-vindos <b>à</b> Vila")
            b.axe()
        b.until("document.querySelector('img.picture').naturalWidth > 0")
        asked = [u for u in b.requests if not u.startswith("data:")]
        # The page's own policy lets no script fetch, so the sizes are asked for from here.
        sizes = [len(p.ask("localhost", u.split(str(p.port), 1)[1]).body) for u in asked]
        assert len(asked) == 2 and sum(sizes) <= 50_000, (asked, sizes)
        assert b.js("[...document.querySelectorAll('#links ~ ul a')].map(a => a.getAttribute('href')).join()") == "http://10.42.0.9/,/files/"
        assert not b.complaints, b.complaints
        p.power_cut()
        assert "Bem-vindos" in p.ask("localhost", "/").body.decode()
