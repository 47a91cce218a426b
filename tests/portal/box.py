"""portald, ownerd and the supervisor's real settings step, in folders of their own. Needs root, for a mount namespace with /data and /boot."""
import json, os, shutil, subprocess, time
import harness
from harness import Portal, Skipped


class Box(Portal):
    """A portal with an owner; use as a context. `toml` is hotspot.toml on the card."""

    def __init__(self, toml="", **more):
        super().__init__(**more)
        if os.geteuid() != 0:
            raise Skipped("the settings step needs root")
        self.boot = os.path.join(self.folder, "boot")
        for folder in (self.data, self.boot):
            os.mkdir(folder)
        self.card(toml)
        self.told, self.status, self.applied = [], {"v": 1, "state": "well", "uptime_s": 60, "version": "test"}, 0
        self.owner = None

    def card(self, toml):
        with open(os.path.join(self.boot, "hotspot.toml"), "w") as f:
            f.write(toml)

    def __enter__(self):
        self.neighbour("supervisor", self.supervisor)
        self.settings_step()
        self.start_owner()
        try:
            super().__enter__()
        except BaseException:
            self.owner.kill()
            raise
        return self

    def __exit__(self, *error):
        self.stop_owner()
        super().__exit__(*error)

    def start_owner(self):
        env = dict(os.environ, HOTSPOT_RUN=self.run_dir)
        log = open(os.path.join(self.folder, "log"), "ab")
        self.owner = subprocess.Popen([harness.BINARY, "ownerd", "--data", os.path.join(self.data, "ownerd")], env=env, stderr=log)
        end = time.time() + 20
        while not os.path.exists(os.path.join(self.run_dir, "ownerd.sock")):
            assert time.time() < end and self.owner.poll() is None, "ownerd does not start: " + self.log()
            time.sleep(0.05)

    def stop_owner(self):
        self.owner.kill()
        self.owner.wait()
        os.unlink(os.path.join(self.run_dir, "ownerd.sock"))

    def power_cut(self):
        """What /run held is gone; what /data and the card held is there."""
        self.stop_owner()
        shutil.rmtree(os.path.join(self.run_dir, "ownerd"), ignore_errors=True)
        for name in ("settings.json", "secrets.json"):
            os.unlink(os.path.join(self.run_dir, name))
        self.settings_step()
        self.start_owner()
        self.reload()

    def settings_step(self):
        """The real step, on this box's own /data and /boot."""
        made = not os.path.isdir("/data")
        if made:
            os.mkdir("/data")
        script = f"mount --bind {self.data} /data && mount --bind {self.boot} /boot && exec {harness.BINARY} supervisor settings"
        try:
            subprocess.run(["unshare", "-mu", "sh", "-c", script], env=dict(os.environ, HOTSPOT_RUN=self.run_dir), check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as why:
            if "unshare" in why.stderr or "mount:" in why.stderr:
                raise Skipped(why.stderr) from why
            raise AssertionError(why.stderr) from why
        finally:
            if made:
                os.rmdir("/data")

    def supervisor(self, path, body=None):
        if path == "/settings":
            self.applied += 1
            self.settings_step()
            self.owner.send_signal(1)
            self.reload()
            return 200, {"v": 1}
        if path == "/owner":
            self.told.append(body)
            return 200, {"v": 1}
        if path.startswith("/log"):
            return 200, {"v": 1, "lines": [{"t_ms": 1500, "daemon": "radiod", "level": "info", "text": "the network is open <b>"}], "next": 2}
        return 200, self.status

    def setting(self, section, key):
        with open(os.path.join(self.run_dir, "settings.json")) as f:
            return json.load(f)[section][key]

    def code(self):
        end = time.time() + 20
        while not (self.told and self.told[-1]["setup_code"]):
            assert time.time() < end, "no setup code: " + self.log()
            time.sleep(0.05)
        return self.told[-1]["setup_code"]

    def all_files(self):
        """Every byte that outlives a power cut."""
        out = b""
        for folder in (self.data, self.boot):
            for where, _, names in os.walk(folder):
                for name in names:
                    with open(os.path.join(where, name), "rb") as f:
                        out += f.read()
        return out
