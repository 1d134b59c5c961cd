"""The lines of a function's log, as an artifact stores them.

The artifact of a log is a JSON array. A line is `{"at":"…Z","level":"info","message":"…"}`, with
the time in ISO 8601, UTC; `{"omitted":12}` replaces twelve omitted lines.
"""

import logging
from typing import Final

import orjson

from baton.domain.frozen import frozen
from baton.protocols.iso_time import format_time

OUTPUT: Final = "output"
"""The level of a line that a function printed instead of logging it."""
LEVELS: Final = ("debug", "info", "warning", "error", "critical", OUTPUT)
"""The levels of lines; those of Python's `logging` in lower case, and `OUTPUT`."""
MAX_MESSAGE: Final = 8_192
"""The number of characters of a message; the middle of a longer one is left out."""

_HALF: Final = MAX_MESSAGE // 2
_WORDS: Final = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


@frozen
class LogLine:
    """A line that a function logged; `at` is in milliseconds since the epoch, UTC."""

    at: int
    level: str
    message: str


def log_line(at: int, level: str, message: str) -> LogLine:
    """Return a line whose message can be stored; the middle of a very long message is left out."""
    if len(message) > MAX_MESSAGE:
        message = f"{message[:_HALF]} … {message[-_HALF:]}"
    if not message.isascii() or "\0" in message:
        message = message.encode("utf-8", "replace").decode().replace("\0", "\\0")
    return LogLine(at=at, level=level, message=message)


def level_word(level: int) -> str:
    """Return the name of a `logging` level; a level in between gets the next lower name."""
    for number, word in _WORDS:
        if level >= number:
            return word
    return "debug"


def encode_line(line: LogLine) -> bytes:
    """Return a line in canonical JSON (RFC 8785)."""
    # The members are in order, and orjson writes texts as RFC 8785 demands.
    return orjson.dumps({"at": format_time(line.at), "level": line.level, "message": line.message})


def encode_omission(lines: int) -> bytes:
    """Return the entry that replaces omitted lines, in canonical JSON."""
    return orjson.dumps({"omitted": lines})
