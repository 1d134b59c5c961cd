"""The time of a stored event, found without decoding the event."""

from typing import Final

import orjson

MAX_AT: Final = 253_402_300_799_999
"""The last millisecond that a time in ISO 8601 can name; later ones aren't counted."""

_AT: Final = b'"at":'
_DIGITS: Final = 13
"""Digits of a time in ms from 2001 to 2286."""


def time_of(state: bytes) -> int:
    """Return the time of a stored event, ms since the epoch, UTC; 0 if it states none.

    Every event has a member `at`. Where the bytes hold one such name, it is that of the event, and
    the rest need not be parsed: no string of JSON can contain it.
    """
    begin = state.find(_AT) + len(_AT)
    end = begin + _DIGITS
    digits, behind = state[begin:end], state[end : end + 1]
    is_number = begin >= len(_AT) and digits.isdigit() and behind in (b",", b"}")
    if is_number and state.find(_AT, end) < 0:
        return int(digits)
    return _parsed_time(state)


def _parsed_time(state: bytes) -> int:
    try:
        at = orjson.loads(state)["at"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return 0
    return at if isinstance(at, int) and 0 <= at <= MAX_AT else 0
