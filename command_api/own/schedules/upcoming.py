"""The next ticks of a timetable, on the clock of its time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from baton.domain.schedule import zone
from baton.domain.schedule.timetable import LATEST_MS, AnyTimetable, fire_times

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A tick at `at` (ms since the epoch, UTC), as `local` text with its offset from UTC.

    `note` says that the clocks change between the tick before and this one.
    """

    at: int
    local: str
    note: str | None


def upcoming_ticks(
    timetable: AnyTimetable, *, after: int, anchor: int, count: int
) -> Iterator[Upcoming]:
    """Yield the first `count` ticks after `after`, the earliest first.

    Args:
        timetable: A timetable that is valid.
        after: Milliseconds since the epoch, UTC.
        anchor: When the schedule became active, in ms.
        count: The number of ticks, at most.
    """
    offset = _offset(_local(timetable, after))
    due = fire_times(timetable, after=after, until=LATEST_MS, anchor=anchor, limit=count)
    for at in due:
        local = _local(timetable, at)
        moved, offset = _offset(local) - offset, _offset(local)
        yield Upcoming(at, local.isoformat(timespec="seconds"), _note(moved))


def _local(timetable: AnyTimetable, at: int) -> datetime:
    return datetime.fromtimestamp(at // 1_000, UTC).astimezone(zone.load(timetable.timezone))


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def _note(moved: timedelta) -> str | None:
    if not moved:
        return None
    direction = "forward" if moved > timedelta() else "back"
    return f"the clocks go {direction} by {abs(moved) // _MINUTE} minutes before this tick"
