"""The priority of a process that works beside the services, such as a replay."""

import os
from typing import Final

NICENESS: Final = 10
"""The niceness of such a process: on busy processors it gets about a tenth of a service's time."""


def give_way() -> None:
    """Let all other processes go first where processors are scarce.

    Threads and processes that are started later inherit it.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
