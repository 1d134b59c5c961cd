"""Time zones as consecutive spans of UTC with one offset each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_YEAR = 9998
"""The last supported year: at the end of 9999 some zones are in 10000, beyond datetime."""

SECOND_MS = 1000
PROBE_SECONDS = 3 * 86_400
"""The step of the search for changes, in seconds.

Since 1970 no zone has changed twice within seven days.
"""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9_+-]{1,31}){0,2}")
# These exist on some machines only, or depend on the machine's settings. `right/` counts leap
# seconds, so its times are off by half a minute.
_NO_ZONES = frozenset({"factory", "localtime", "posix", "posixrules", "right"})


class UnknownZone(ValueError):
    """The IANA time zone database has no zone of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of UTC, [`start`, `end`), in which local time is UTC + `offset`.

    `before` and `after` are the offsets of the adjacent spans. They equal `offset` at the boundary
    of two years; `before` is smaller where the clocks went forward. All are in milliseconds.
    """

    start: int
    end: int
    offset: int
    before: int
    after: int


@lru_cache(maxsize=1024)
def load(name: str) -> ZoneInfo:
    """Return the zone `name`; raises `UnknownZone`."""
    # The name is checked first, because zoneinfo opens the file of any path-like name, and raises
    # four kinds of exception for folders and other files.
    if not _NAME.fullmatch(name) or name.partition("/")[0].lower() in _NO_ZONES:
        raise UnknownZone("not the name of an IANA time zone")
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise UnknownZone("not the name of an IANA time zone") from error


def spans(name: str, *, after: int) -> Iterator[Span]:
    """Yield the spans of a zone, beginning with the one that contains `after`.

    Args:
        name: The name of an IANA time zone.
        after: Milliseconds since the epoch, UTC, not negative.
    """
    for year in range((EPOCH + timedelta(milliseconds=after)).year, LAST_YEAR + 1):
        for span in _spans_of_year(name, year):
            if span.end > after:
                yield span


@lru_cache(maxsize=4096)
def _spans_of_year(name: str, year: int) -> tuple[Span, ...]:
    zone = load(name)
    start, end = _year_start(year), _year_start(year + 1)
    changes = list(_changes(zone, start, end))
    edges = [start, *(change for change in changes if change != start), end]
    offsets = [_offset(zone, edge) for edge in (start - 1, *edges)]
    return tuple(
        Span(
            start=edge * SECOND_MS,
            end=edges[n + 1] * SECOND_MS,
            before=offsets[n] * SECOND_MS,
            offset=offsets[n + 1] * SECOND_MS,
            after=offsets[n + 2] * SECOND_MS,
        )
        for n, edge in enumerate(edges[:-1])
    )


def _year_start(year: int) -> int:
    return int((datetime(year, 1, 1, tzinfo=UTC) - EPOCH).total_seconds())


def _offset(zone: ZoneInfo, at: int) -> int:
    # Converts from UTC to local time only. The other direction, and any arithmetic on datetimes of
    # one zone, uses the wall clock and ignores changes of the offset in between.
    local = (EPOCH + timedelta(seconds=at)).astimezone(zone)
    return int((local.utcoffset() or timedelta()).total_seconds())


def _changes(zone: ZoneInfo, start: int, end: int) -> Iterator[int]:
    """Yield the seconds in [`start`, `end`) at which the offset changes."""
    known = start - 1
    while known < end - 1:
        probe = min(known + PROBE_SECONDS, end - 1)
        if _offset(zone, known) != _offset(zone, probe):
            yield _first_of_new_offset(zone, known, probe)
        known = probe


def _first_of_new_offset(zone: ZoneInfo, old: int, new: int) -> int:
    before = _offset(zone, old)
    while new - old > 1:
        middle = (old + new) // 2
        if _offset(zone, middle) == before:
            old = middle
        else:
            new = middle
    return new
