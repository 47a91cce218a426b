"""Runs the tests, one after the other: the namespaces have names."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]
import cases  # noqa: E402

MODULES = ["test_content", "test_dhcp", "test_dns", "test_gate", "test_https", "test_internet", "test_uplink"]

if __name__ == "__main__":
    sys.exit(cases.run(MODULES, [arg for arg in sys.argv[1:] if arg != "-k"]))
