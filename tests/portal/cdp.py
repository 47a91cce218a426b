"""Drives a headless Chromium over its debugging pipe (Chrome DevTools Protocol): pages, clicks, typing, pictures. Standard library only."""
import base64, json, os, shutil, subprocess, tempfile, time
from harness import Skipped

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe", "--disable-dev-shm-usage"]


class Browser:
    """One page; use as a context. `complaints` are errors and warnings of its console."""

    def __init__(self, width=390, height=844, agent=None, scripts=True, dark=False, flags=()):
        program = shutil.which("chromium")
        if not program:
            raise Skipped("there is no chromium (apt-get install chromium)")
        self.profile = tempfile.mkdtemp(prefix="hotspot-cdp-")
        to_child, self.out = os.pipe()
        self.inp, from_child = os.pipe()
        extra = [*flags, *(["--force-dark-mode"] if dark else [])]

        def ends():
            # The browser reads on 3 and writes on 4.
            os.dup2(to_child, 13)
            os.dup2(from_child, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)
            os.set_inheritable(3, True)
            os.set_inheritable(4, True)
        self.process = subprocess.Popen([program, *FLAGS, *extra, f"--user-data-dir={self.profile}", "about:blank"], preexec_fn=ends,
                                        close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child)
        os.close(from_child)
        self.buffer, self.number, self.complaints, self.requests = b"", 0, [], []
        self.session = None
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(width, height)
        if agent:
            self.call("Emulation.setUserAgentOverride", userAgent=agent)
        if not scripts:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        if dark:
            self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.inp)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        wanted = self.number
        while True:
            got = self.read()
            if got.get("id") == wanted:
                if "error" in got:
                    raise AssertionError(f"{method}: {got['error']}")
                return got["result"]

    def read(self):
        while b"\0" not in self.buffer:
            part = os.read(self.inp, 1 << 20)
            if not part:
                raise AssertionError("the browser has ended")
            self.buffer += part
        raw, self.buffer = self.buffer.split(b"\0", 1)
        got = json.loads(raw)
        method, params = got.get("method"), got.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"].get("exception", params))[:500])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        return got

    def go(self, url):
        self.requests.clear()
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def js(self, expression):
        got = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in got:
            raise AssertionError(f"{expression[:200]}: {got['exceptionDetails'].get('exception', {}).get('description')}")
        return got["result"].get("value")

    def until(self, expression, seconds=40):
        end, said = time.time() + seconds, ""
        while time.time() < end:
            try:
                if self.js(expression):
                    return
            except AssertionError as why:
                # Between two pages there is no body.
                said = f" ({why})"
            time.sleep(0.1)
        raise AssertionError(f"never: {expression}{said}; the page says: {self.js('document.body.innerText')[:1500]}")

    def text(self):
        return self.js("document.body.innerText")

    def says(self, words, seconds=40):
        self.until(f"document.body.innerText.includes({json.dumps(words)})", seconds)

    def find(self, label):
        """An expression for the visible control, button or link with this label."""
        wanted = json.dumps(label)
        return (f"[...document.querySelectorAll('button, a, summary, input, select, textarea')].find(n => n.offsetParent !== null && "
                f"((n.labels && n.labels.length ? n.labels[0].textContent : n.textContent).trim() === {wanted}))")

    def click(self, label):
        self.until(f"Boolean({self.find(label)})")
        self.js(f"{self.find(label)}.click()")

    def fill(self, label, value):
        self.until(f"Boolean({self.find(label)})")
        self.js(f"(() => {{ const n = {self.find(label)}; n.value = {json.dumps(value)}; n.dispatchEvent(new Event('input', {{bubbles: true}})); }})()")

    def key(self, name, code=None):
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(name)
        extra = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, code=code or name, windowsVirtualKeyCode=codes.get(name, 0), **extra)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=code or name, windowsVirtualKeyCode=codes.get(name, 0))

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def resize(self, width, height=800):
        """A phone's window, or a computer's from 600 pixels on."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def fits_both_ways(self):
        """At three widths, from left to right and from right to left."""
        for width in (320, 390, 1280):
            self.resize(width)
            self.fits()
            self.js("document.documentElement.dir = 'rtl'")
            self.fits()
            self.js("document.documentElement.dir = 'ltr'")

    def fits(self):
        """Nothing is wider than the window."""
        wide = self.js("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{wide} pixels too wide: " + str(self.js(
            "[...document.querySelectorAll('*')].filter(n => n.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map(n => n.outerHTML.slice(0, 120))"))

    def axe(self):
        """Serious findings of axe-core; skipped where npm cannot give it."""
        self.js(axe_source() + ";0")
        found = self.js("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact))"
                        ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 120) + ' ' + n.failureSummary.slice(0, 200)).join(' | ')))")
        assert not found, found


def axe_source(cache={}):
    """axe-core as npm has it, fetched once into out/."""
    from harness import ROOT
    if "text" not in cache:
        folder = os.path.join(ROOT, "out", "axe")
        path = os.path.join(folder, "axe.min.js")
        if not os.path.exists(path):
            if not shutil.which("npm"):
                raise Skipped("there is no npm to get axe-core from")
            work = tempfile.mkdtemp(prefix="hotspot-axe-")
            try:
                subprocess.run(["npm", "pack", "--silent", "axe-core@4.14.1"], cwd=work, check=True, capture_output=True, timeout=120)
                subprocess.run(["tar", "xzf", next(n for n in os.listdir(work) if n.endswith(".tgz"))], cwd=work, check=True)
                os.makedirs(folder, exist_ok=True)
                shutil.copyfile(os.path.join(work, "package/axe.min.js"), path)
            except (subprocess.SubprocessError, StopIteration) as why:
                raise Skipped(f"axe-core cannot be had: {why}") from why
            finally:
                shutil.rmtree(work, ignore_errors=True)
        with open(path) as f:
            cache["text"] = f.read()
    return cache["text"]
