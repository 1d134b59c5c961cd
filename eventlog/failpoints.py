"""Named places in the loops where a process ends at once, as in a crash, when a test says so.

`BATON_FAILPOINT=after-append:3` ends it when that place is reached for the third time. Unset, which
is always but in tests, a place costs one comparison.
"""

import os
from itertools import count
from typing import Final, Literal, TypeAlias

Failpoint: TypeAlias = Literal[
    "after-append",
    "before-handle",
    "after-handle",
    "before-commit",
    "after-commit",
    "after-publish",
]

CRASHED: Final = 137
"""What the process exits with, as if it had been killed with signal 9."""

_place, _, _nth = os.environ.get("BATON_FAILPOINT", "").partition(":")
_NTH: Final = int(_nth or "1")
_reached = count(1)


def failpoint(place: Failpoint) -> None:
    """End the process here if that was asked for: nothing is finished, closed or flushed."""
    if place == _place and next(_reached) == _NTH:
        os._exit(CRASHED)
