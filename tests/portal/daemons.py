"""What portald makes of its neighbours: settings, netd, radiod, supervisor; and of their silence."""
import time
from harness import Portal

PROBE = ("connectivitycheck.gstatic.com", "/generate_204")


def test_no_settings_then_settings_then_a_reload():
    with Portal() as p:
        assert b"P2P Hotspot" in p.ask("10.42.0.1").body
        p.write_settings({"v": 1, "community": {"name": "Aldeia & <b>", "languages": ["pt"]}, "device": {"name": "aldeia"},
                          "problems": [{"line": 7, "key": "wifi.ssid", "reason": "40 bytes, at most 32 are allowed; using the default"}]})
        time.sleep(1.2)
        got = p.ask("aldeia.local").body.decode()
        assert "Aldeia &#38; &#60;b&#62;" in got and 'lang="pt"' in got, got
        admin = p.ask("10.42.0.1", "/admin/").body.decode()
        assert "wifi.ssid" in admin and "40 bytes" in admin and "Linha 7" in admin
        p.write_settings({"v": 1, "community": {"name": "Village", "languages": ["en"]}})
        p.reload()
        assert b"Village" in p.ask("10.42.0.1").body
        with open(p.run_dir + "/settings.json", "w") as f:
            f.write("{")
        p.reload()
        assert b"Village" in p.ask("10.42.0.1").body, "an unreadable file leaves things as they are"


def test_a_new_join_is_captive_again():
    join = [1]
    with Portal() as p:
        p.neighbour("netd", lambda path: (200, {"v": 1, "ip": "127.0.0.1", "mac": "02:00:00:00:00:01", "join": join[0]}))
        assert p.ask(*PROBE).status == 302
        p.ask("10.42.0.1", "/continue", "POST")
        assert p.ask(*PROBE).status == 204
        time.sleep(0.6)
        assert p.ask(*PROBE).status == 204
        join[0] = 2
        time.sleep(0.6)
        assert p.ask(*PROBE).status == 302


def test_silent_neighbours_delay_nobody_for_long():
    with Portal() as p:
        for name in ("netd", "radiod", "supervisor"):
            p.neighbour(name, lambda path: None)
        for host, path, limit in ((*PROBE, 1), ("captive.apple.com", "/", 1), ("10.42.0.1", "/", 1), ("10.42.0.1", "/healthz", 1), ("10.42.0.1", "/admin/", 3)):
            start = time.time()
            assert p.ask(host, path).status in (200, 302)
            assert time.time() - start < limit, (host, path, time.time() - start)
        p.ask("10.42.0.1", "/continue", "POST")
        assert p.ask(*PROBE).status == 204


def test_the_last_phone_sees_the_full_page():
    mac = "02:00:00:00:00:08"
    with Portal() as p:
        p.neighbour("netd", lambda path: (200, {"v": 1, "mac": mac, "join": 1}) if "127.0.0.8" in path else (404, {"v": 1, "error": "stranger"}))
        p.neighbour("radiod", lambda path: (200, {"v": 1, "limit": 8, "stations": [{"mac": mac.upper(), "since_s": 1, "last": True}]}))
        page = p.ask("captive.apple.com", "/", source="127.0.0.8").body.decode()
        assert "The box is full" in page and "8 phones" in page and "/continue" in page
        assert "The box is full" not in p.ask("captive.apple.com", "/").body.decode()
        p.ask("10.42.0.1", "/continue", "POST", source="127.0.0.8")
        assert "The box is full" not in p.ask("10.42.0.1", "/", source="127.0.0.8").body.decode()


def test_the_state_of_the_box_and_its_health():
    state = ["well"]
    with Portal() as p:
        p.neighbour("supervisor", lambda path: (200, {
            "v": 1, "state": state[0], "uptime_s": 7300, "version": "1.2.3", "problems": [] if state[0] == "well" else ["radiod: no answer from 02:00:00:00:00:99"],
            "data": {"ok": True, "why": "", "size": 16_000_000_000, "free": 12_000_000_000},
            "radio": {"state": "up", "ssid": "Aldeia", "channel": 6, "security": "open", "stations": 3, "limit": 8},
            "daemons": [{"name": "radiod", "state": "up" if state[0] == "well" else "failed"}],
            "uplink": {"state": "internet", "address": "192.0.2.9"}}))
        admin = p.ask("10.42.0.1", "/admin/").body.decode()
        for part in ("All is well.", "“Aldeia”, channel 6", "3 of 8", "The internet answers", "12 GB free of 16 GB", "1.2.3", "2 h 1 min"):
            assert part in admin, part
        assert "192.0.2.9" not in admin
        assert p.ask("10.42.0.1", "/healthz").status == 200
        state[0] = "trouble"
        time.sleep(2.1)
        p.ask("10.42.0.1", "/healthz")
        time.sleep(0.3)
        assert p.ask("10.42.0.1", "/healthz").status == 503
        admin = p.ask("10.42.0.1", "/admin/?lang=fr").body.decode()
        assert "Quelque chose demande votre attention" in admin and "no answer" in admin and "02:00" not in admin
        assert p.ask("10.42.0.1", "/metrics").status == 401, "for who has the owner's token"
