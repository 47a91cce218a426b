"""Trials: kept, left again, and why."""

import time

from box import Box, image


class Trial(Box):
    def ready(self, seq=7):
        self.start()
        self.cli("apply", self.keys.bundle(self.path("u"), seq))
        self.until_state("ready")

    def test_kept(self):
        self.ready()
        self.assertEqual(self.boot(), ("b", True))
        self.assertEqual(self.status()["state"], "trial")
        self.until_state("good", seconds=60)
        record = self.record()
        self.assertEqual((record["r_slot"], record["r_trial"], record["r_left"], record["r_floor"], record["r_built"]), ("b", "0", "0", "7", f"{1007:x}"))
        self.assertEqual(self.neighbours.restarts, [])
        self.assertEqual([e["event"] for e in self.history()], ["writing", "ready", "trial", "good"])
        self.assertEqual(self.boot(), ("b", False))
        status = self.status()
        self.assertEqual((status["state"], status["running"], status["other"]), ("idle", {"slot": "b", "seq": 7}, {"slot": "a", "seq": 5}))
        # Now A is the one that is written.
        self.cli("apply", self.keys.bundle(self.path("u"), 8))
        self.until_state("ready")
        self.assertEqual(self.slot("a"), image(8))

    def test_each_thing_that_is_wrong_keeps_it_from_being_kept(self):
        self.ready()
        self.neighbours.dns(False)
        self.boot()
        self.until(lambda: self.status()["waits_for"] == "the name server does not answer", "the name server")
        self.neighbours.radio = "starting"
        self.neighbours.dns(True)
        self.until(lambda: self.status()["waits_for"] == "the access point is not up", "the access point")
        self.neighbours.lan = {"state": "trouble", "last_error": "nft refused the rules"}
        self.until(lambda: self.status()["waits_for"] == "visitors are not kept apart: nft refused the rules", "the rules")
        self.neighbours.lan = {"state": "up", "last_error": "uplink: no answer"}
        self.neighbours.radio = "no-radio"
        self.until(lambda: self.status()["waits_for"] == "the radio is gone", "the radio")
        self.neighbours.radio, self.neighbours.daemons["netd"] = "up", ["waiting", 2]
        self.until(lambda: self.status()["waits_for"] == "netd does not run", "netd")
        self.assertEqual((self.status()["state"], self.record()["r_slot"]), ("trial", "a"))

    def test_unwell(self):
        self.ready()
        self.boot()
        # It ends again and again, also after the gate looked first.
        self.neighbours.daemons["netd"] = ["up", 6]
        self.until(lambda: self.ends("netd") or self.neighbours.restarts, "the restart")
        self.assertEqual(self.neighbours.restarts[0], "release 7 did not become healthy: netd keeps ending")
        self.assertEqual(self.boot(), ("a", False))
        self.assertEqual(self.status()["state"], "failed")
        self.assertTrue(self.told("release 7 was not kept, and release 5 in slot a is back: it did not become healthy: netd keeps ending"))
        self.assertEqual((self.record()["r_trial"], self.record()["r_floor"], self.record()["r_bad"]), ("0", "0", "b"))
        # The same bundle is left alone, unless it is asked for.
        stick = self.stick()
        self.keys.bundle(f"{stick}/u", 7)
        self.insert(stick)
        self.until(lambda: self.told("release 7 was not kept here before"), "it is left alone")
        self.neighbours.daemons["netd"] = ["up", 0]
        self.cli("apply", f"{stick}/u")
        self.until_state("ready")
        self.assertEqual((self.record()["r_trial"], self.record()["r_bad"]), ("b", "0"))

    def ends(self, daemon):
        self.neighbours.daemons[daemon][1] += 1

    def test_it_does_not_start(self):
        self.ready()
        record = self.record()
        # The boot script counts the attempt, the kernel panics, the next start is the old slot's.
        self.kill()
        self.write_record(record | {"r_left": "0"})
        self.assertEqual(self.boot(), ("a", False))
        self.assertTrue(self.told("release 7 was not kept, and release 5 in slot a is back: it did not start"))
        self.assertEqual(self.status()["state"], "failed")
        self.assertEqual(self.boot(), ("a", False))
        self.assertEqual([e["event"] for e in self.history()], ["writing", "ready", "failed"], "told once")

    def test_the_power_goes_during_the_trial(self):
        self.ready()
        self.neighbours.dns(False)
        self.boot()
        time.sleep(1)
        self.assertEqual(self.boot(), ("a", False))
        self.assertTrue(self.told("it started, and then it stopped or the power went"))
        self.neighbours.dns(True)
        # Once, that is no reason to leave it alone.
        stick = self.stick()
        self.keys.bundle(f"{stick}/u", 7)
        self.insert(stick)
        self.until_state("ready")

    def test_going_back(self):
        self.ready()
        self.boot()
        self.until_state("good")
        self.boot()
        self.cli("rollback")
        self.until(lambda: self.neighbours.restarts == ["to go back to release 5"], "the restart")
        self.assertEqual(self.boot(), ("a", True))
        self.until_state("good")
        self.assertEqual((self.record()["r_slot"], self.record()["r_floor"]), ("a", "7"), "the floor stays")
        stick = self.stick()
        self.keys.bundle(f"{stick}/u", 7)
        self.insert(stick)
        self.until(lambda: self.told("release 7 was not kept here before"), "what the owner left is left alone")

    def test_nothing_to_go_back_to(self):
        self.start()
        done = self.cli("rollback", check=False)
        self.assertEqual((done.returncode, done.stderr), (1, "hotspot: there is nothing to go back to: the other slot holds no whole release\n"))

    def test_rescue_writes_slot_a(self):
        self.write_record(self.record() | {"r_bad": "ab"})
        self.start("rescue", seq=0)
        self.assertEqual(self.status()["state"], "rescue")
        stick = self.stick()
        self.keys.bundle(f"{stick}/u", 7)
        self.insert(stick)
        self.until_state("ready")
        self.assertEqual(self.slot("a"), image(7))
        record = self.record()
        self.assertEqual((record["r_trial"], record["r_left"], record["r_bad"]), ("a", "1", "b"))
        self.until(lambda: self.neighbours.restarts, "the restart")
        self.assertEqual(self.boot(), ("a", True))
        self.until_state("good")
