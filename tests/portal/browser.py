"""A real browser, headless: pages load without a complaint and ask no other host."""
import os, shutil, subprocess, tempfile
from harness import Portal, Skipped

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr"]
ANDROID = "Mozilla/5.0 (Linux; Android 13; Pixel 6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36"


def chromium(*args):
    program = shutil.which("chromium")
    if not program:
        raise Skipped("there is no chromium (apt-get install chromium)")
    profile = tempfile.mkdtemp(prefix="hotspot-browser-")
    try:
        return subprocess.run([program, *FLAGS, f"--user-data-dir={profile}", *args], capture_output=True, text=True, timeout=60)
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def test_pages_load_without_a_complaint():
    with Portal(files={"a.txt": b"a"}) as p:
        for path in ("/", "/?lang=pt", "/admin/", "/files/", "/nothing"):
            run = chromium(f"--user-agent={ANDROID}", "--dump-dom", f"http://localhost:{p.port}{path}")
            assert "</html>" in run.stdout, run.stderr[-2000:]
            complaints = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
            assert not complaints, complaints


def test_pages_fit_a_small_phone():
    with Portal(files={"a-very-long-name-" + "x" * 120 + ".txt": b"a"}) as p:
        for path in ("/", "/?lang=fr", "/admin/?lang=es"):
            with tempfile.TemporaryDirectory() as folder:
                picture = os.path.join(folder, "page.png")
                chromium(f"--user-agent={ANDROID}", "--window-size=320,640", f"--screenshot={picture}", f"http://localhost:{p.port}{path}")
                assert os.path.getsize(picture) > 5000
