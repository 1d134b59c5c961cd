"""The suite in the background, where a shell ignores SIGINT in everything that it starts."""

import subprocess
import sys

from tests.servers.cluster import ROOT

WITHIN_S = 90
CTRL_C = "tests/cli/test_on_a_server.py::test_ctrl_c_stops_watching_and_not_the_run"
IGNORING = "trap '' INT QUIT; exec \"$@\""


def test_children_of_a_suite_in_the_background_can_be_interrupted() -> None:
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0")
    done = subprocess.run(
        ["sh", "-c", IGNORING, "sh", *pytest, CTRL_C],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )

    assert done.returncode == 0, done.stdout + done.stderr
