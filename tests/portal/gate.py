"""netd's gate as the portal and the owner's page ask it: vouchers and phones in memory. The real one is in tests/netns/test_internet.py."""


class Gate:
    """A neighbour `netd`; use as `p.neighbour("netd", Gate(access))`."""

    def __init__(self, access="voucher", online=True, on_time=True):
        self.access, self.online, self.on_time = access, online, on_time
        self.open, self.cloned, self.left, self.entered = False, False, None, []
        self.batches, self.next, self.phones = [], 1, []

    def __call__(self, path, body=None):
        if path == "/gate/enter":
            return 200, {"v": 1, **self.enter(body)}
        if path == "/gate/phones":
            return 200, {"v": 1, "access": self.access, "phones": self.phones}
        if path.startswith("/gate/phone"):
            return 200, {"v": 1, "access": self.access, "open": self.open, "may": self.open, "online": self.online, "on_time": self.on_time,
                         "left": self.left, "cloned": self.cloned}
        if path == "/gate/make":
            if not 1 <= body["count"] <= 1000 or not 1 <= body["amount"] <= 1_000_000:
                return 422, {"v": 1, "error": "1 to 1000 vouchers at a time"}
            codes = ["%09d" % (10**8 * 2 + self.next * 1000 + n) for n in range(body["count"])]
            self.batches.insert(0, {"id": self.next, "kind": body["kind"], "amount": body["amount"], "made": 0, "label": body["label"], "codes": codes})
            self.next += 1
            return 200, {"v": 1, "id": self.next - 1}
        if path == "/gate/remove":
            self.batches = [b for b in self.batches if b["id"] != body["id"]]
            return 200, {"v": 1}
        if path.startswith("/gate/batch?id="):
            for b in self.batches:
                if b["id"] == int(path.split("=")[1]):
                    vouchers = [{"code": c, "shown": "-".join((c[:3], c[3:6], c[6:])), "left": 7200, "used": n == 0, "moves": int(n == 0)} for n, c in enumerate(b["codes"])]
                    return 200, {"v": 1, **self.summary(b), "vouchers": vouchers}
            return 404, {"v": 1, "error": "there is no such batch"}
        if path == "/gate":
            alarms = [{"ago_s": 130, "ip": "10.42.0.7", "mac": "02:00:00:00:00:07", "kind": "two-places", "times": 3}]
            return 200, {"v": 1, "access": self.access, "online": self.online, "on_time": self.on_time, "out": 3, "wrong": 5, "down": 1, "up": 1,
                         "alarms": alarms, "batches": [self.summary(b) for b in self.batches], "vouchers": 0, "most": 5000}
        return 404, {"v": 1, "error": "not here"}

    def enter(self, body):
        self.entered.append(body["text"])
        if body["text"] == "wait":
            return {"entered": "wait", "wait_s": 17}
        if body["text"] == "ABCDEFGHJ":
            self.open, self.left = True, {"kind": "hours", "units": 5400}
            return {"entered": "welcome"}
        return {"entered": "wrong"}

    @staticmethod
    def summary(b):
        return {**{k: v for k, v in b.items() if k != "codes"}, "count": len(b["codes"]), "used": 1, "empty": 0}
