"""Times and durations in a form that is quick to read in a terminal."""

from typing import Final

from baton.cli.terminal.tables import Shown
from baton.protocols.iso_time import format_time

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
"""Milliseconds of each unit."""

DATED: Final = 30 * DAY
"""From this distance on, a date is shown instead of a number of days."""


def relative(at: int, now: int) -> str:
    """Return a time relative to `now` (both ms, UTC): 3 min ago, or its date if it is far away."""
    distance = abs(now - at)
    if distance >= DATED:
        return format_time(at)[:10]
    if distance < SECOND:
        return "just now"
    text = _largest_unit(distance)
    return f"{text} ago" if at < now else f"in {text}"


def shown_time(at: int | None, now: int) -> Shown | None:
    """Return the cell of a time, relative to `now` for readers (both ms, UTC); None for none."""
    return None if at is None else Shown(format_time(at), relative(at, now))


def duration(ms: int) -> str:
    """Return a duration in at most two units: 16 ms, 3.0 s, 5 min 3 s, 2 d 4 h."""
    if ms < SECOND:
        return f"{ms} ms"
    if ms < MINUTE:
        return f"{ms // 100 / 10:.1f} s"
    if ms < HOUR:
        return f"{ms // MINUTE} min {ms % MINUTE // SECOND} s"
    if ms < DAY:
        return f"{ms // HOUR} h {ms % HOUR // MINUTE} min"
    return f"{ms // DAY} d {ms % DAY // HOUR} h"


def _largest_unit(ms: int) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if ms >= unit:
            return f"{ms // unit} {name}"
    return f"{ms // SECOND} s"
