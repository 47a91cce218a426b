"""Runs the tests, several at once: most of their time is waiting. Each has its own mounts, network and processes."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]
import cases  # noqa: E402

MODULES = ["test_trial", "test_net", "test_sticks", "test_broken", "test_refusals"]

if __name__ == "__main__":
    apart = ("unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", 'ip link set lo up; exec "$@"', "apart")
    sys.exit(cases.run(MODULES, sys.argv[1:], 4, apart))
