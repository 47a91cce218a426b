#!/usr/bin/env python3
"""The pages of a booted box in a real browser, for tests/long/pages.sh; its portal is at $LAB_PORTAL.

    booted.py visitor           every visitor's page: three widths, four languages, from right to left, without scripts, by keyboard, axe-core
    booted.py setup CODE        the first five steps; the internet for vouchers
    booted.py owner             every tab at three widths with axe-core; a setting changed; prints a new voucher's code as its last word
    booted.py again             what was set up is still so
"""
import os, re, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from cdp import Browser, axe_source  # noqa: E402

BASE = os.environ.get("LAB_PORTAL", "")
PASSWORD = "três palavras só minhas"
PAGES = ("/", "/files/", "/library/", "/guide/stay", "/guide/find", "/guide/app", "/guide/internet", "/internet", "/nothing")
LANGUAGES = ("en", "pt", "es", "fr")
WIDTHS = (320, 390, 1280)


def visitor():
    with Browser() as b:
        for width in WIDTHS:
            b.resize(width)
            for path in PAGES:
                for lang in LANGUAGES if width == WIDTHS[0] else LANGUAGES[:1]:
                    b.go(f"{BASE}{path}?lang={lang}")
                    b.fits()
                    assert b.js("document.documentElement.lang") == lang, (path, lang)
                b.axe()
        b.resize(WIDTHS[0])
        for path in PAGES:
            b.go(BASE + path)
            b.js("document.documentElement.dir = 'rtl'")
            b.fits()
        # A page that is not there says so; nothing else complains.
        assert not [c for c in b.complaints if "404" not in c], b.complaints
        b.go(f"{BASE}/")
        asked = [u for u in b.requests if not u.startswith("data:")]
        assert len(asked) <= 2, asked
        size = b.js("performance.getEntriesByType('navigation')[0].encodedBodySize + performance.getEntriesByType('resource').reduce((n, r) => n + r.encodedBodySize, 0)")
        assert 0 < size <= 50_000, size
        print(f"first page: {len(asked)} requests, {size} bytes")
    with Browser(width=320, scripts=False) as b:
        b.call("Page.navigate", url=f"{BASE}/?lang=pt")
        b.until("document.documentElement.lang === 'pt'")
        wanted = "document.activeElement && document.activeElement.hreflang === 'es'"
        for _ in range(80):
            b.key("Tab")
            if b.js(wanted):
                break
        assert b.js(wanted), "another language cannot be reached by keyboard"
        b.key("Enter")
        b.until("document.documentElement.lang === 'es'")


def log_in(b, secret, label="Owner's password"):
    b.go(f"{BASE}/admin/?lang=en")
    b.fill(label, secret)
    b.click("Log in")


def open_tabs(b):
    log_in(b, PASSWORD)
    b.until("document.querySelectorAll('.tabs a').length > 4")


def setup(code):
    with Browser(width=320) as b:
        log_in(b, "AAAA-AAAA", "Setup code")
        b.says("That is not the password.")
        log_in(b, code, "Setup code")
        for n, fill in enumerate(({}, {"Name of the community": "Vila Nova"}, {"Wi-Fi name": "Vila Nova", "Country": "BR"}, {"Who may use the internet": "voucher"}), 1):
            b.says(f"Step {n} of 5")
            b.fits()
            b.axe()
            for label, value in fill.items():
                b.fill(label, value)
            b.click("Next")
        b.says("Step 5 of 5")
        b.fill("New password for the owner", PASSWORD)
        b.fill("The same again", PASSWORD)
        b.axe()
        b.click("Finish")
        b.says("All phones lose the Wi-Fi")
        b.click("Apply")
        b.says("Is the new network good?", 90)
        # What was applied is looked at before it is kept.
        b.until("!document.body.innerText.includes('only just changing')")
        for _ in range(30):
            b.click("Keep")
            b.js("new Promise(done => setTimeout(done, 2000))")
            if "The new settings are kept." in b.text():
                break
        b.says("The new settings are kept.")


def owner():
    with Browser(width=320) as b:
        open_tabs(b)
        # By their place: the page without scripts has links of the same names.
        for n, name in enumerate(b.js("[...document.querySelectorAll('.tabs a')].map(a => a.textContent)")):
            b.js(f"document.querySelectorAll('.tabs a')[{n}].click()")
            b.until("document.querySelector('#tab') && document.querySelector('#tab').childNodes.length > 0")
            b.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            for width in WIDTHS:
                b.resize(width)
                b.fits()
            b.resize(320)
            b.axe()
            unnamed = b.js("[...document.querySelectorAll('#tab input, #tab select, #tab textarea')].filter(n => !n.labels.length && !n.ariaLabel).length")
            assert unnamed == 0, f"{name}: {unnamed} fields without a name"
            print(f"tab: {name}")
        b.click("Settings")
        b.fill("Name of the community", "Vila <b>Velha</b>")
        b.click("Save")
        b.says("Saved.", 60)
        # netd takes up the new settings meanwhile, and an emulated box is slow: an owner would tap again, too.
        for _ in range(10):
            b.click("Internet")
            b.js("new Promise(done => setTimeout(done, 3000))")
            if "There are no vouchers yet." in b.text():
                break
        b.says("There are no vouchers yet.")
        b.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        b.fill("How many vouchers", "30")
        b.click("Make them")
        b.says("30 × 2 h")
        b.click("Show and print")
        b.until("document.querySelectorAll('.slip').length === 24")
        b.axe()
        b.fits()
        code = b.js("document.querySelector('.slip .qr').getAttribute('aria-label')")
        assert not [c for c in b.complaints if not re.search(r"\b(401|403|404)\b", c)], b.complaints
    print(code)


def again():
    with Browser(width=390) as b:
        b.go(f"{BASE}/?lang=pt")
        b.says("Vila <b>Velha</b>")
        open_tabs(b)
        b.click("Internet")
        b.says("30 × 2 h")


if __name__ == "__main__":
    axe_source()
    {"visitor": visitor, "setup": setup, "owner": owner, "again": again}[sys.argv[1]](*sys.argv[2:])
