"""Text that people read on one line: names, reasons, subjects and ids."""

import re
from typing import Final

_CONTROL: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0 with line ends and ESC, DEL, C1
    "\u2028\u2029"  # line and paragraph separators
    "\u202a-\u202e\u2066-\u2069"  # order of reading: embeddings, overrides, isolates
    "\u200b\u2060\ufeff"  # spaces without a width; joiners belong to words of some scripts
    "\ud800-\udfff"  # lone surrogates
    "]"
)

_C0_C1: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
NOT_PLAIN: Final = "must not have line ends, control characters or characters without a width"
"""The message of a fault."""
MAX_NAME: Final = 200
"""The largest number of characters of the name of an API key, a group or a user."""


def is_plain(text: str) -> bool:
    """Return whether `text` has no terminal control character and no invisible character."""
    return _CONTROL.search(text) is None


def name_fault(text: str) -> str | None:
    """Return why `text` can't be a name of 1 to `MAX_NAME` characters, None if it can."""
    if not 0 < len(text) <= MAX_NAME or text != text.strip():
        return f"must have 1 to {MAX_NAME} characters, and no blanks around them"
    return None if is_plain(text) else NOT_PLAIN


def has_controls(text: str) -> bool:
    """Return whether `text` has a character of C0 or C1, or DEL."""
    return _C0_C1.search(text) is not None
