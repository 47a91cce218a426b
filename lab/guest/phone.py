"""A phone: its own radio, associated as a phone does it (scan, associate, come back by itself), and a lease."""
import glob
import os
import re
import signal
import socket
import subprocess
import sys
import time

WAIT = 120
# Where access points usually are; every channel takes ten seconds to scan.
USUAL = ["2412", "2437", "2462"]


class Failed(Exception):
    """The one line that says why."""


def _radio() -> str:
    for path in glob.glob("/sys/class/net/wlan*"):
        return os.path.basename(path)
    raise Failed("its radio is not there")


def _scan(radio: str, full: bool) -> list[dict]:
    command = ["iw", "dev", radio, "scan", "flush"] if full else ["iw", "dev", radio, "scan", "freq", *USUAL, "flush"]
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60 if full else 30).stdout
    except subprocess.TimeoutExpired:
        # iw waits for ever for the news of a scan that it has missed; a phone looks again.
        return []
    seen = []
    for block in re.split(r"(?m)^BSS ", text)[1:]:
        ssid = re.search(r"(?m)^\tSSID: (.*)$", block)
        freq = re.search(r"(?m)^\tfreq: (\d+)", block)
        signal_ = re.search(r"(?m)^\tsignal: (-?[\d.]+)", block)
        if ssid and freq and ssid.group(1):
            raw = ssid.group(1).encode("latin-1", "replace").decode("unicode_escape").encode("latin-1") if "\\x" in ssid.group(1) else ssid.group(1).encode()
            seen.append({"ssid": raw, "freq": freq.group(1), "locked": "\tRSN:" in block or "\tWPA:" in block or "Privacy" in block,
                         "signal": float(signal_.group(1)) if signal_ else -100.0})
    return sorted(seen, key=lambda b: -b["signal"])


def _find(radio: str, wanted: bytes, until: float) -> dict:
    tries = 0
    while True:
        tries += 1
        seen = [b for b in _scan(radio, tries % 4 == 0) if not wanted or b["ssid"] == wanted]
        if seen:
            return seen[0]
        if time.monotonic() > until:
            raise Failed(f"no network {wanted.decode(errors='replace')!r} in sight" if wanted else "no network in sight")
        time.sleep(0.5)


def _ask(dir_: str, question: str) -> str:
    """One question to wpa_supplicant."""
    own = f"{dir_}/ask-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        try:
            s.bind(own)
            s.settimeout(2)
            s.connect(glob.glob(f"{dir_}/wpa/wlan*")[0])
            s.send(question.encode())
            return s.recv(8192).decode(errors="replace")
        except (OSError, IndexError):
            return ""
        finally:
            if os.path.exists(own):
                os.unlink(own)


def _associate(radio: str, dir_: str, bss: dict, password: str, until: float) -> None:
    usual = " ".join(dict.fromkeys([bss["freq"], *USUAL]))
    secret = f'psk="{password}"\nkey_mgmt=WPA-PSK' if password else "key_mgmt=NONE"
    with open(f"{dir_}/wpa.conf", "w") as f:
        f.write(f"ctrl_interface={dir_}/wpa\nap_scan=1\nnetwork={{\nssid={bss['ssid'].hex()}\n{secret}\nscan_ssid=1\nscan_freq={usual}\n}}\n")
    open(f"{dir_}/wpa.log", "w").close()
    subprocess.run(["wpa_supplicant", "-B", "-i", radio, "-D", "nl80211", "-c", f"{dir_}/wpa.conf", "-P", f"{dir_}/wpa.pid", "-f", f"{dir_}/wpa.log"],
                   check=False, capture_output=True)
    until = min(until, time.monotonic() + 45)
    while "wpa_state=COMPLETED" not in _ask(dir_, "STATUS"):
        with open(f"{dir_}/wpa.log", errors="replace") as f:
            log = f.read()
        if "reason=WRONG_KEY" in log or "pre-shared key may be incorrect" in log:
            raise Failed("the network refuses the password")
        full = re.findall(r"ASSOC-REJECT.*status_code=(\d+)", log)
        if len(full) >= 3:
            raise Failed(f"the network refuses to associate (status {full[-1]})")
        if time.monotonic() > until:
            raise Failed(f"it does not associate within 45 s: {log.strip().splitlines()[-1] if log.strip() else 'no word from wpa_supplicant'}")
        time.sleep(0.05)


def _lease(name: str, radio: str, dir_: str) -> dict[str, str]:
    if os.path.exists(f"{dir_}/lease"):
        os.unlink(f"{dir_}/lease")
    with open(f"{dir_}/udhcpc.log", "w") as log:
        status = subprocess.run(
            ["busybox", "udhcpc", "-i", radio, "-n", "-t", "10", "-T", "2", "-p", f"{dir_}/udhcpc.pid", "-s", "/lab/lease.sh", "-x", f"hostname:{name}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "PHONE": name, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=False).returncode
    if status != 0 or not os.path.exists(f"{dir_}/lease"):
        raise Failed("associated, but no lease within 20 s")
    with open(f"{dir_}/lease") as f:
        return dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)


def _stop(dir_: str, program: str) -> None:
    try:
        with open(f"{dir_}/{program}.pid") as f:
            pid = int(f.read())
        os.unlink(f"{dir_}/{program}.pid")
        os.kill(pid, signal.SIGTERM)
        for _ in range(60):
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
    except (OSError, ValueError):
        pass


def leave(name: str) -> int:
    """Off the network; the lease is not given back, as phones do it."""
    dir_ = f"/run/{name}"
    _stop(dir_, "udhcpc")
    _stop(dir_, "wpa")
    radio = _radio()
    subprocess.run(["ip", "addr", "flush", "dev", radio], check=False)
    open(f"{dir_}/resolv.conf", "w").close()
    return 0


def join(name: str, password: str, ssid: str) -> int:
    """On the network: prints each step with its time."""
    dir_, label = f"/run/{name}", f"phone {name.removeprefix('phone')}"
    begin = time.monotonic()
    try:
        leave(name)
        radio = _radio()
        subprocess.run(["ip", "link", "set", radio, "up"], check=False)
        until = begin + WAIT
        bss = _find(radio, ssid.encode(), until)
        shown = bss["ssid"].decode(errors="replace")
        if bss["locked"] and not password:
            raise Failed(f'the network "{shown}" asks for a password')
        if password and not bss["locked"]:
            raise Failed(f'the network "{shown}" is open: it takes no password')
        if password and not 8 <= len(password.encode()) <= 63:
            raise Failed("a password has 8 to 63 characters")
        found = time.monotonic()
        _associate(radio, dir_, bss, password, until)
        associated = time.monotonic()
        lease = _lease(name, radio, dir_)
        print(f'{label}: found "{shown}" on {bss["freq"]} MHz in {found - begin:.1f} s', flush=True)
        print(f"{label}: associated in {associated - found:.1f} s", flush=True)
        print(f"{label}: lease {lease.get('ip')} in {time.monotonic() - associated:.1f} s, name server {lease.get('dns', 'none')}", flush=True)
        return 0
    except (Failed, OSError) as e:
        print(f"{label} join: {e}", file=sys.stderr, flush=True)
        return 1
