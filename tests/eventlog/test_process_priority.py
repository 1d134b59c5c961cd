"""A background process and its children have a low priority."""

import subprocess
import sys

from baton.eventlog.process_priority import NICENESS

GIVES_WAY = """
import os, subprocess, threading
from baton.eventlog.process_priority import lower_priority

def show():
    print(os.getpriority(os.PRIO_PROCESS, 0), flush=True)

for _ in range(2):
    lower_priority()
show()
thread = threading.Thread(target=show)
thread.start()
thread.join()
subprocess.run(["nice"], check=True)
"""


def niceness_of(*command: str) -> list[int]:
    """Return the numbers that a command prints."""
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    return [int(line) for line in ended.stdout.split()]


def test_threads_and_processes_give_way_too() -> None:
    before = niceness_of("nice")

    after = niceness_of(sys.executable, "-c", GIVES_WAY)

    assert after == [max(NICENESS, *before)] * 3


def test_a_lower_priority_is_kept() -> None:
    assert niceness_of("nice", "-n", "19", sys.executable, "-c", GIVES_WAY) == [19] * 3
