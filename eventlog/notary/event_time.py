"""Finds the time of a stored event without decoding the event."""

from typing import Final

import orjson

MAX_AT: Final = 253_402_300_799_999
"""The last millisecond that ISO 8601 can express; later times are ignored."""

_AT: Final = b'"at":'
_DIGITS: Final = 13
"""The number of digits of a time in ms from 2001 to 2286."""


def time_of(state: bytes) -> int:
    """Return the time of a stored event, ms since the epoch, UTC; 0 if it has none.

    Every event has a member `at`. If the bytes contain that name once, it is the event's own
    member, and the rest need not be parsed: no JSON string can contain the name with its quotes.
    """
    begin = state.find(_AT) + len(_AT)
    end = begin + _DIGITS
    digits, following = state[begin:end], state[end : end + 1]
    is_number = begin >= len(_AT) and digits.isdigit() and following in (b",", b"}")
    if is_number and state.find(_AT, end) < 0:
        return int(digits)
    return _parsed_time(state)


def _parsed_time(state: bytes) -> int:
    try:
        at = orjson.loads(state)["at"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return 0
    return at if isinstance(at, int) and 0 <= at <= MAX_AT else 0
