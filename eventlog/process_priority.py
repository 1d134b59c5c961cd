"""The priority of processes that run beside the services, such as a replay."""

import os
from typing import Final

NICENESS: Final = 10
"""The niceness of such a process: on busy processors it gets about a tenth of a service's time."""


def lower_priority() -> None:
    """Lower the priority of this process, so that services get the processors first.

    Threads and processes that it starts later inherit the priority.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
