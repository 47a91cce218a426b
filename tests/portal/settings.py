"""Every setting of the owner's page, in a real browser: a new value arrives, is of record and outlives a power cut; a wrong one is said beside its field."""
import json, os, time
from cdp import Browser
from owner import log_in, owned, PASSWORD

KEY = "k51qzi5uqu5di5mdcu8gt8cl0y7n67j34zldrsms99hy8gryzqi1lxt4wmi7wo"
# key: what is typed or chosen, what it is then, and something that cannot be.
VALUES = {
    "community.name": ("Vila Nova", "Vila Nova", "x" * 81),
    "community.languages": (["es"], ["en", "pt", "fr"], ["en", "pt", "es", "fr"]),
    "device.name": ("vila", "vila", "no spaces"),
    "device.timezone": ("America/Sao_Paulo", "America/Sao_Paulo", None),
    "device.country": ("BR", "BR", None),
    "wifi.ssid": ("Vila", "Vila", "é" * 17),
    "wifi.password": ("longe daqui", "longe daqui", "short"),
    "wifi.channel": ("36", 36, "0"),
    "wifi.band": ("5", "5", None),
    "lan.range": ("10.43.0.0/24", "10.43.0.0/24", "8.8.8.0/24"),
    "lan.ports": ("lan", "lan", None),
    "lan.names": ("library.local\nbooks.local", ["library.local", "books.local"], "two words"),
    "lan.domain": ("hotspot.vila.org", "hotspot.vila.org", "http://hotspot"),
    "lan.services": ("wiki.p2p = /library/", ["wiki.p2p = /library/"], "wiki.p2p"),
    "uplink.wifi_ssid": ("Casa", "Casa", "é" * 17),
    "uplink.wifi_password": ("quatro palavras", "quatro palavras", "short"),
    "internet.access": ("password", "password", None),
    "internet.password": ("pao de queijo", "pao de queijo", "x" * 200),
    "internet.walled_garden": ("example.org", ["example.org"], "two words"),
    "internet.schedule": ("mon-fri 08:00-18:00", ["mon-fri 08:00-18:00"], "always"),
    "internet.speed": ("2000", 2000, "-5"),
    "internet.speed_total": ("9000", 9000, "1.5"),
    "content.sources": ("https://example.org/library.car", ["https://example.org/library.car"], "ftp://example.org"),
    "content.gateways": ("https://example.org", ["https://example.org"], "example"),
    "content.trusted": (KEY, [KEY], "somebody"),
    "map.tiles": ("https://example.org/tiles", "https://example.org/tiles", "tiles"),
    "ssb.name": ("Praça", "Praça", "x" * 500),
    "ssb.room": ("https://room.example.org", "https://room.example.org", "x" * 301),
    "ssb.pub": ("https://pub.example.org", "https://pub.example.org", "x" * 301),
    "fleet.hub": ("https://hub.example.org", "https://hub.example.org", "hub"),
    "update.source": ("https://example.org/channel.json", "https://example.org/channel.json", "channel.json"),
    "update.pin": ("7", 7, "-1"),
}


def held(p):
    """The settings that hold, with their secrets, by key."""
    def read(name):
        with open(os.path.join(p.run_dir, name)) as f:
            return json.load(f)
    out = {f"{section}.{key}": value for section, keys in read("settings.json").items() if isinstance(keys, dict) for key, value in keys.items()}
    # Secrets lie apart, as `section_key`.
    return out | {name.replace("_", ".", 1): value for name, value in read("secrets.json").items()}


def keys_shown(b):
    b.click("Settings")
    b.until("document.querySelectorAll('form details').length > 0")
    b.js("document.querySelectorAll('form details').forEach(d => { d.open = true; })")
    return b.js("session.ask('GET', '/settings').then(got => got.keys.map(k => k.key))")


def type_in(b, key, value):
    if key == "community.languages":
        for code in value:
            b.js(f"document.querySelector('#lang-{code}').click()")
    else:
        b.fill(b.js(f"settingsPage.label({json.dumps(key)})"), value)


def test_each_setting_arrives_and_is_kept():
    with owned() as p, Browser() as b:
        log_in(b, p, PASSWORD)
        assert set(keys_shown(b)) == set(VALUES), "a setting of the page that is not walked here, or the other way round"
        before = held(p)
        for key, (typed, value, _) in VALUES.items():
            assert before.get(key) != value, f"{key} would not change"
            type_in(b, key, typed)
        b.click("Save")
        b.says("All phones lose the Wi-Fi")
        b.click("Apply")
        b.says("Is the new network good?")
        wrong = {key: held(p).get(key) for key, (_, value, _) in VALUES.items() if held(p).get(key) != value}
        assert not wrong, wrong
        time.sleep(4.2)
        b.click("Keep")
        b.says("The new settings are kept.")
        p.power_cut()
        wrong = {key: held(p).get(key) for key, (_, value, _) in VALUES.items() if held(p).get(key) != value}
        assert not wrong, wrong


def test_each_value_that_cannot_be_is_said_beside_its_field():
    with owned() as p, Browser() as b:
        log_in(b, p, PASSWORD)
        keys_shown(b)
        before = held(p)
        for key, (_, _, bad) in VALUES.items():
            if bad is None:
                continue
            type_in(b, key, bad)
            b.click("Save")
            if key == "community.languages":
                b.says("Nothing was changed.")
                assert b.js("[...document.querySelectorAll('fieldset small.bad')].some(n => !n.hidden && n.textContent)"), key
            else:
                label = json.dumps(b.js(f"settingsPage.label({json.dumps(key)})"))
                b.until("(n => n && n.getAttribute('aria-invalid') === 'true')([...document.querySelectorAll('input, select, textarea')].find(n => n.labels && "
                        f"n.labels.length && n.labels[0].textContent.trim() === {label}))")
            assert held(p) == before, key
            keys_shown(b)
        # What is missing or too much is said where the browser refuses it too.
        b.fill(b.js("settingsPage.label('community.name')"), "")
        b.click("Save")
        b.says("Nothing was changed.")
        assert held(p) == before and p.applied == 0
