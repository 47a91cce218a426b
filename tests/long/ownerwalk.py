"""An owner in a real browser beside the box: ownerwalk.py PORTAL setup CODE PASSWORD NAME COUNTRY | login PASSWORD | try PASSWORD SSID | keep PASSWORD SSID."""
import os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "portal"))
from cdp import Browser  # noqa: E402

portal, what, *more = sys.argv[1:]
with Browser(width=390) as b:
    b.go(portal + "/admin/")
    if what == "setup":
        code, password, name, country = more
        b.fill("Setup code", code)
        b.click("Log in")
        b.says("Step 1 of 5", 90)
        b.click("Next")
        b.says("Step 2 of 5")
        b.fill("Name of the community", name)
        b.click("Next")
        b.says("Step 3 of 5")
        b.fill("Country", country)
        b.click("Next")
        b.says("Step 4 of 5")
        b.click("Next")
        b.says("Step 5 of 5")
        b.fill("New password for the owner", password)
        b.fill("The same again", password)
        b.click("Finish")
        b.says("All phones lose the Wi-Fi", 90)
        b.click("Apply")
    else:
        b.fill("Owner's password", more[0])
        b.click("Log in")
        b.until("document.querySelector('.tabs') !== null || document.body.innerText.includes('That is not')", 90)
        assert "That is not" not in b.text()
    if what in ("try", "keep"):
        b.click("Settings")
        b.fill("Wi-Fi name", more[1])
        b.click("Save")
        b.says("All phones lose the Wi-Fi", 60)
        b.click("Apply")
    if what in ("setup", "try", "keep"):
        b.says("Is the new network good?", 60)
    if what in ("setup", "keep"):
        time.sleep(6)
        b.click("Keep")
        b.says("The new settings are kept.", 60)
