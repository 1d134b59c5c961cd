"""Instants as text: UTC, ISO-8601 with milliseconds and `Z` going out, RFC 3339 coming in."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_MICROSECONDS = 6


def shown_time(at: int) -> str:
    """Return milliseconds since the epoch as text."""
    moment = _EPOCH + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str, zone: ZoneInfo) -> int:
    """Return the milliseconds of `text`, without an offset on the wall clock of `zone`.

    Raises ValueError for text that is no instant.
    """
    if _ISO.fullmatch(text) is None:
        message = "must be an ISO-8601 date and time"
        raise ValueError(message)
    try:
        moment = datetime.fromisoformat(_cut_fraction(text.upper()))
        local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return (local.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        message = "must be an ISO-8601 date and time"
        raise ValueError(message) from None


def _cut_fraction(text: str) -> str:
    """Keep the six digits of a second's fraction that datetime holds."""
    return re.sub(rf"(\.\d{{{_MICROSECONDS}}})\d+", r"\1", text)
