"""Named points in the loops at which a test can crash the process.

`BATON_FAILPOINT=after-append:3` ends the process when it reaches that point for the third time.
Only tests set the variable; without it, a failpoint costs one comparison.
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
    "before-seal",
    "after-seal",
    "set-begun",
    "set-compared",
    "before-promotion",
    "after-promotion",
    "before-switch",
    "after-switch",
    "in-drop",
]

CRASHED: Final = 137
"""The exit status after a failpoint, the same as after signal 9."""

_name, _, _nth = os.environ.get("BATON_FAILPOINT", "").partition(":")
_NTH: Final = int(_nth or "1")
_reached = count(1)


def failpoint(name: Failpoint) -> None:
    """End the process here if a test requested it, without closing or flushing anything."""
    if name == _name and next(_reached) == _NTH:
        os._exit(CRASHED)
