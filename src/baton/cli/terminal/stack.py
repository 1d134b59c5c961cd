"""Finds the frame of a traceback that shows the author's own code."""

import re
from typing import Final

_FRAME: Final = re.compile(
    r'^ *File "(?P<file>.+)", line (?P<line>\d+), in (?P<name>.+)$', re.MULTILINE
)
_OF_OTHERS: Final = re.compile(r"/site-packages/|/dist-packages/|/lib/python3|^<")


def last_frame(stack: str) -> str | None:
    """Return the author's last frame as `FILE:LINE in FUNCTION`, None without any frame.

    Frames of installed packages and of Python itself are skipped, unless there are no others.
    """
    frames = list(_FRAME.finditer(stack))
    own = [frame for frame in frames if not _OF_OTHERS.search(frame["file"])]
    last = (own or frames)[-1:]
    return f"{last[0]['file']}:{last[0]['line']} in {last[0]['name']}" if last else None
