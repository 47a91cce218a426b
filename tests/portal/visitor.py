"""A visitor in a real browser: every page at three widths, without scripts, by keyboard, from right to left, and what axe-core finds."""
from cdp import Browser
from harness import Portal

PAGES = ("/", "/files/", "/guide/stay", "/guide/find", "/guide/app", "/guide/internet", "/nothing")
ANDROID = "Mozilla/5.0 (Linux; Android 13; Pixel 6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36"
FILES = {"a-very-long-name-" + "x" * 120 + ".txt": b"a", "Manual.pdf": b"%PDF" * 500}


def test_pages_at_three_widths_in_all_languages():
    with Portal(files=FILES) as p, Browser(agent=ANDROID) as b:
        for width in (320, 390, 1280):
            b.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
            for path in PAGES:
                for lang in ("en", "pt", "es", "fr") if width == 320 else ("fr",):
                    b.go(f"http://localhost:{p.port}{path}?lang={lang}")
                    b.fits()
                    assert b.js("document.documentElement.lang") == lang
        assert not [c for c in b.complaints if "404" not in c], b.complaints


def test_nothing_serious_for_axe():
    with Portal(files=FILES) as p:
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
