"""Finds the place in a traceback that its reader looks for."""

import re
from typing import Final

_FRAME: Final = re.compile(
    r'^ *File "(?P<file>.+)", line (?P<line>\d+), in (?P<name>.+)$', re.MULTILINE
)
_OF_OTHERS: Final = re.compile(r"/site-packages/|/dist-packages/|/lib/python3|^<")


def last_frame(stack: str) -> str | None:
    """Return the author's last frame as `FILE:LINE in FUNCTION`, None without any frame.

    Frames of installed packages and of Python itself are passed over, unless there is no other.
    """
    frames = list(_FRAME.finditer(stack))
    own = [frame for frame in frames if not _OF_OTHERS.search(frame["file"])]
    found = (own or frames)[-1:]
    return f"{found[0]['file']}:{found[0]['line']} in {found[0]['name']}" if found else None
