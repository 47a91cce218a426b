"""The owner's tab People in a real browser: who is here, by what they are let through, an address used by two; crowds and hostile names."""
from cdp import Browser
from gate import Gate
from owner import PASSWORD, log_in, owned


def phone(n, host="", open=False, left=None, alarm=None):
    return {"ip": f"10.42.0.{n}", "mac": f"02:00:00:00:aa:{n:02x}", "host": host, "open": open, "may": open, "left": left, "alarm": alarm}


def here():
    """Four with an address, three of them on the Wi-Fi, and one that has none yet."""
    gate = Gate()
    gate.phones = [phone(7, "Ana-telefone", True, {"kind": "hours", "units": 5400}), phone(8, "هاتف-مريم"), phone(9, "x" * 63, True, {"kind": "megabytes", "units": 48_000_000},
                   {"kind": "two-places", "ago_s": 130, "times": 3}), phone(10)]
    stations = [{"mac": f"02:00:00:00:aa:{n:02x}", "since_s": since, "last": False} for n, since in ((7, 3900), (8, 240), (9, 60))]
    stations.append({"mac": "02:00:00:00:bb:01", "since_s": 4, "last": True})
    return gate, {"v": 1, "limit": 4, "stations": stations}


def open_tab(b, p, gate, stations):
    p.neighbour("netd", gate)
    p.neighbour("radiod", lambda path: (200, stations))
    log_in(b, p, PASSWORD)
    b.says("All is well.")
    b.click("People")
    b.says("Phones on the Wi-Fi")


def test_who_is_here_and_by_what_they_are_let_through():
    gate, stations = here()
    with owned() as p, Browser() as b:
        open_tab(b, p, gate, stations)
        for words in ("4 of 4: full", "Nobody more fits.", "Ana-telefone", "May use the internet by a voucher. Left: 1 h 30 min.", "On the Wi-Fi for 1 h 5 min.", "Has no voucher for the internet.",
                      "Left: 48 MB.", "Two devices use this phone's identity at the same time. Last 2 minutes ago, 3 times.", "Took the last place.", "Has no address yet.",
                      "On a cable, or gone a short while ago", "10.42.0.10 · …aa:0a", "A phone that has not told its name"):
            b.says(words, 5)
        assert "02:00:00" not in b.js("document.documentElement.outerHTML"), "no whole hardware address"
        b.fits_both_ways()
        gate.phones = []
        stations["stations"] = []
        b.click("Look again")
        b.says("Nobody is here.")
        assert not b.complaints, b.complaints


def test_nothing_serious_for_axe_in_people():
    gate, stations = here()
    with owned() as p:
        for dark in (False, True):
            with Browser(width=320, dark=dark) as b:
                open_tab(b, p, gate, stations)
                b.says("Ana-telefone")
                b.axe()


def test_hostile_names_crowds_and_silence():
    gate, stations = here()
    # netd lets only letters and digits of a name through; the page does not rely on it.
    gate.phones = [phone(n % 250, "<img src=x onerror=alert(1)>💣") for n in range(4000)]
    with owned() as p, Browser(width=320) as b:
        open_tab(b, p, gate, {"v": 1, "limit": "x", "stations": [None, {}, 7]})
        b.says("more are not listed")
        assert not b.js("document.querySelectorAll('#tab img').length")
        b.fits()
        p.neighbour("radiod", lambda path: (503, {"v": 1, "error": "starting"}))
        b.click("Look again")
        b.until("document.querySelector('#tab dd') !== null && document.querySelector('#tab dd').textContent === 'not known'")
        p.neighbour("netd", lambda path: (503, {"v": 1, "error": "netd is only starting"}))
        b.click("People")
        b.says("netd is only starting")
