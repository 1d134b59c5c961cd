"""Instants as text: ISO 8601 in UTC with milliseconds and `Z` when written, RFC 3339 when read."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS
_LEAP_SECOND = 60
"""A leap second is read as the first second of the next day, as Unix time doesn't count it."""
_ISO = re.compile(
    r"(?P<minute>\d{4}-\d\d-\d\d[Tt ](?:[01]\d|2[0-3]):[0-5]\d)"
    r"(?::(?P<second>[0-5]\d|60)(?P<fraction>\.\d+)?)?"
    r"(?P<offset>[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)?",
    re.ASCII,
)
_MAX_LENGTH = 64
"""The number of characters of a time; a fraction of a second may have any number of digits."""


class MissingOffset(ValueError):
    """The text has no UTC offset, and no zone was given to read it in."""


def format_time(at: int) -> str:
    """Return milliseconds since the epoch as text."""
    second, ms = divmod(at, 1_000)
    return f"{_second(second)}.{ms:03d}Z"


@lru_cache(maxsize=4_096)
def _second(second: int) -> str:
    """Return the text of a whole second; the times of a page of runs share most of them."""
    return (_EPOCH + timedelta(seconds=second)).isoformat().removesuffix("+00:00")


def parse_rfc3339(text: str) -> int:
    """Return the milliseconds since the epoch that a complete time names, with its UTC offset.

    Raises `MissingOffset`, and ValueError for text that RFC 3339 doesn't allow.
    """
    parts = _ISO.fullmatch(text)
    if parts is not None and parts["second"] is None:
        raise ValueError("must be an RFC 3339 time, which has seconds")
    return parse_time(text)


def parse_time(text: str, zone: tzinfo | None = None) -> int:
    """Return the milliseconds since the epoch that `text` names; the seconds are optional.

    A text without an offset is local time in `zone`. Raises `MissingOffset` if there is neither,
    and ValueError for a text that isn't an instant.
    """
    parts = _ISO.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if parts is None:
        raise ValueError("must be an ISO-8601 date and time")
    try:
        moment = datetime.fromisoformat(f"{parts['minute']}{parts['offset'] or ''}".upper())
        if moment.tzinfo is None:
            moment = _in_zone(moment, zone)
        minute = (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except MissingOffset:
        raise
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO-8601 date and time") from None
    second, fraction = int(parts["second"] or 0), (parts["fraction"] or ".0")[1:4]
    if second == _LEAP_SECOND and minute % _DAY_MS != _DAY_MS - _MINUTE_MS:
        raise ValueError("must be an ISO-8601 date and time: a leap second ends a day in UTC")
    return minute + second * 1_000 + int(fraction.ljust(3, "0"))


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    if zone is None:
        raise MissingOffset("must have a time zone")
    return moment.replace(tzinfo=zone)
