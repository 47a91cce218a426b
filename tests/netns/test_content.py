"""Two hotspots, no internet: one has joined the other's network and takes from it what it follows."""

import json
import os
import subprocess
import unittest

from box import NETD, Box, wait


class Library:
    """contentd, and the portal where it is wanted, beside a box's netd."""

    def __init__(self, box, portal):
        self.box, self.store = box, os.path.join(box.dir, "content")
        self.env = dict(os.environ, HOTSPOT_RUN=box.run_dir)
        self.running = [box.ns.popen(NETD, "contentd", "--store", self.store, env=self.env, stderr=box.log)]
        if portal:
            self.running.append(box.ns.popen(NETD, "portald", "--listen", "0.0.0.0:80", "--store", self.store + "/store", env=self.env, stderr=box.log))
        wait("contentd is up", lambda: os.path.exists(box.run_dir + "/contentd.sock"))

    def cli(self, *words):
        done = subprocess.run([NETD, "content", *words], env=self.env, capture_output=True, text=True, timeout=120)
        return done.stdout + done.stderr

    def titles(self):
        return [bundle["title"] for bundle in json.loads(self.cli("list", "--json"))["bundles"]]

    def close(self):
        for process in self.running:
            process.terminate()
            process.wait()


class TwoBoxes(unittest.TestCase):
    def test_what_one_has_the_other_takes_without_the_internet(self):
        here = Box(visitors=1, name="a")
        self.addCleanup(here.close)
        source, car, key = here.dir + "/in", here.dir + "/a.car", here.dir + "/key"
        os.makedirs(source)
        with open(source + "/page.html", "w") as file:
            file.write("<p>from the next village")
        with open(key, "w") as file:
            file.write("22" * 32)
        subprocess.run([NETD, "bundle", "make", source, "-o", car, "--key", key, "--title", "Village"], check=True, capture_output=True)
        publisher = json.loads(subprocess.run([NETD, "bundle", "inspect", car, "--json"], check=True, capture_output=True).stdout)["publisher"]
        settings = {"lan": {"range": "10.43.0.0/24"}, "content": {"sources": [f"ipns://{publisher}"]}}
        there = Box(visitors=1, uplink=False, settings=settings, name="b")
        self.addCleanup(there.close)
        # The second box's first port is on the first one's network.
        there.cable("eth0", here.ns, "eth9")
        there.ns.ip("link", "set", "eth0", "up")
        here.start(ports=2)
        there.start(ports=1)
        wait("it has a lease of the other", lambda: there.status()["uplink"]["gateway"] == "10.42.0.1", 60)
        first, second = Library(here, portal=True), Library(there, portal=False)
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        self.assertIn("published", first.cli("import", car))
        wait("the other has taken it", lambda: second.cli("follow") and second.titles() == ["Village"], 30)
        self.assertIn("as it should be", second.cli("scrub"))
        # Found as a hotspot, through the real bridge and gate, and not for being the network's gateway alone.
        with open(there.log.name) as log:
            self.assertIn("other hotspots here: [10.42.0.1]", log.read())
