"""Instants as text: ISO 8601 in UTC with milliseconds and `Z` when written, RFC 3339 when read."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_EXCESS_DIGITS = re.compile(r"(\.\d{6})\d+")
"""Digits of a second's fraction beyond the six that datetime holds."""


class MissingOffset(ValueError):
    """The text has no UTC offset, and no zone was given to read it in."""


def format_time(at: int) -> str:
    """Return milliseconds since the epoch as text."""
    moment = _EPOCH + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str, zone: tzinfo | None = None) -> int:
    """Return the milliseconds since the epoch that `text` names.

    A text without an offset is read on the wall clock of `zone`. Raises `MissingOffset` when there
    is neither, and ValueError for text that is no instant.
    """
    if _ISO.fullmatch(text) is None:
        raise ValueError("must be an ISO-8601 date and time")
    try:
        moment = datetime.fromisoformat(_EXCESS_DIGITS.sub(r"\1", text.upper()))
        if moment.tzinfo is None:
            moment = _in_zone(moment, zone)
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except MissingOffset:
        raise
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO-8601 date and time") from None


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    if zone is None:
        raise MissingOffset("must have a time zone")
    return moment.replace(tzinfo=zone)
