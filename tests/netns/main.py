"""Runs the tests and says how many passed."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
MODULES = ["test_content", "test_dhcp", "test_dns", "test_gate", "test_uplink"]


def main(wanted):
    loader = unittest.defaultTestLoader
    modules = [__import__(name) for name in MODULES]
    if wanted:
        suite = unittest.TestSuite(loader.loadTestsFromName(name, module) for name in wanted for module in modules if hasattr(module, name.split(".")[0]))
    else:
        suite = unittest.TestSuite(loader.loadTestsFromModule(module) for module in modules)
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{max(0, result.testsRun - failed - len(result.skipped))} passed, {failed} failed, {len(result.skipped)} skipped")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main([arg for arg in sys.argv[1:] if arg != "-k"]))
