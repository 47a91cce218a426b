"""Runs Python test classes and says how many passed: all in this process, or each test in a process of its own, several at once."""

import concurrent.futures
import subprocess
import sys
import unittest


def _all(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _all(test)
        else:
            yield test


def _chosen(modules, wanted):
    """The tests of these modules' names, or those among them that are named (`TestClass` or `TestClass.test_name`)."""
    loader = unittest.defaultTestLoader
    modules = [__import__(name) for name in modules]
    if not wanted:
        return [test for module in modules for test in _all(loader.loadTestsFromModule(module))]
    return [test for name in wanted for module in modules if hasattr(module, name.split(".")[0]) for test in _all([loader.loadTestsFromName(name, module)])]


def _counted(run, failed, skipped):
    print(f"{max(0, run - failed - skipped)} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not run else 0


def _apart(test, command):
    """One test in a process of its own: exit status and what it said."""
    name = ".".join(test.id().split(".")[-2:])
    done = subprocess.run([*command, sys.executable, "-B", sys.argv[0], name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    return done.returncode, done.stdout


def run(modules, wanted, together=1, command=()):
    """Exit status. With `together` that many tests run at once, each started by `command`, in the order of `modules`: the long ones first."""
    tests = _chosen(modules, wanted)
    if together == 1 or len(tests) == 1:
        result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(unittest.TestSuite(tests))
        return _counted(result.testsRun, len(result.failures) + len(result.errors), len(result.skipped))
    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(together) as pool:
        for done in concurrent.futures.as_completed([pool.submit(_apart, test, command) for test in tests]):
            status, said = done.result()
            failed += status != 0
            skipped += said.endswith(" 1 skipped\n")
            # A test that passed is one line: its name, and how long it took.
            lines = said.splitlines()
            took = next((line.split()[-1] for line in lines if line.startswith("Ran ")), "?")
            print(said if status else f"{lines[0] if lines else '?'} ({took})", flush=True)
    return _counted(len(tests), failed, skipped)
