"""A test oracle for cron: slow and simple, based on zoneinfo and crontab(5) alone.

The oracle steps through the calendar and the minutes of UTC. It shares nothing with the code under
test: no croniter, no parser, no search for the instants at which a zone changes its offset. All
instants are minutes since the epoch, UTC; wall times are minutes since 1970-01-01T00:00 on the
wall clock.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZERO, MINUTE = timedelta(0), timedelta(minutes=1)
DAY = 24 * 60
MARGIN = DAY + DAY // 2  # contains all wall times of the dates around a change of the clock
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAMES = {name: n for n, name in enumerate(WEEKDAYS)} | {
    name: n + 1 for n, name in enumerate(MONTHS)
}


class Expression:
    """A five-field expression: `times` are minutes of the day, `matches` tests a date."""

    def __init__(self, text: str) -> None:
        minute, hour, day, month, weekday = text.split()
        self.text = text
        self.times = [60 * h + m for h in values(hour, 0, 23) for m in values(minute, 0, 59)]
        self.is_rhythm = "*" in minute or "*" in hour
        self.months = values(month, 1, 12)
        self._joined = all if day.startswith("*") or weekday.startswith("*") else any
        self._last_day = "L" in day
        self._days = values(",".join(set(day.split(",")) - {"L"}), 1, 31)
        self._weekdays = [weekday_rule(item) for item in weekday.split(",")]

    def matches(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day = day.day in self._days or (self._last_day and on(day, 1).day == 1)
        today = day.isoweekday() % 7
        by_weekday = any(
            today in weekdays and is_ranked(day, rank) for weekdays, rank in self._weekdays
        )
        return self._joined((by_day, by_weekday))


def weekday_rule(item: str) -> tuple[list[int], str]:
    """Return the weekdays (0 is Sunday) and their rank in the month: `1` to `5`, `L`, or any."""
    if item.startswith("L"):
        return [number(item[1:]) % 7], "L"
    span, _, rank = item.partition("#")
    return [value % 7 for value in values(span, 0, 7 if "7" in span else 6)], rank


def is_ranked(day: date, rank: str) -> bool:
    if rank == "L":
        return on(day, 7).month != day.month
    if not rank:
        return True
    weeks = int(rank)
    in_month = on(day, 7 - 7 * weeks).month == day.month
    return in_month and on(day, -7 * weeks).month != day.month


def on(day: date, later: int) -> date:
    return day + timedelta(days=later)


def values(field: str, low: int, high: int) -> list[int]:
    found: set[int] = set()
    for item in filter(None, field.split(",")):
        span, _, step = item.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        start = number(first)
        stop = number(last) if last else (high if step else start)
        if stop < start:
            found.update(range(start, high + 1))
            start = low
        found.update(range(start, stop + 1, int(step or 1)))
    return sorted(found)


def number(text: str) -> int:
    return NAMES[text.lower()] if text.isalpha() else int(text)


class Zone:
    """A zone over some years: an offset per hour, and a table of minutes around each change."""

    def __init__(self, name: str, years: range) -> None:
        self._zone = ZoneInfo(name)
        self.first, self.last = date(years[0], 1, 1), date(years[-1], 12, 31)
        hours = range(minutes(self.first) - 3 * DAY, minutes(self.last) + 4 * DAY, 60)
        self._start = hours[0]
        self._offsets = [self.offset(at) for at in hours]
        self.changes = [
            hours[n]
            for n, pair in enumerate(zip(self._offsets, self._offsets[1:], strict=False))
            if pair[0] != pair[1]
        ]

    def offset(self, at: int) -> int:
        local = (EPOCH + timedelta(minutes=at)).astimezone(self._zone)
        return (local.utcoffset() or ZERO) // MINUTE

    @cached_property
    def irregular_days(self) -> set[date]:
        """The dates on which the wall clock may skip or repeat minutes, with a margin."""
        found: set[date] = set()
        for change in self.changes:
            walls = [at + self.offset(at) for at in (change, change + 60)]
            found.update(days(wall_date(min(walls) - 120), wall_date(max(walls) + 120)))
        return found

    @cached_property
    def instants_at(self) -> dict[int, list[int]]:
        """The minutes of UTC, ascending, at which the clock shows a wall time around a change."""
        found: dict[int, list[int]] = defaultdict(list)
        walk = {at for change in self.changes for at in range(change - MARGIN, change + MARGIN)}
        for at in sorted(walk):
            found[at + self.offset(at)].append(at)
        return found

    @cached_property
    def regular_midnights(self) -> dict[date, int]:
        """The minutes of UTC at which the other dates begin."""
        found: dict[date, int] = {}
        for day in days(self.first, self.last):
            wall = minutes(day)
            noon = wall - self._known_offset(wall) + 12 * 60
            if day not in self.irregular_days:
                found[day] = wall - self._known_offset(noon)
        return found

    def _known_offset(self, at: int) -> int:
        return self._offsets[(at - self._start) // 60]


def fires(
    expression: Expression,
    zone: Zone,
    dates: Iterable[date],
    *,
    gap: str = "shift",
    fold: str = "first",
) -> list[int]:
    """Return the minutes of UTC at which the expression fires on these dates, ascending."""
    found: list[int] = []
    for day in dates:
        midnight = zone.regular_midnights.get(day)
        if midnight is not None:
            found += [midnight + time for time in expression.times]
            continue
        for time in expression.times:
            found += _at(expression, zone, minutes(day) + time, gap=gap, fold=fold)
    return sorted(set(found))


def _at(expression: Expression, zone: Zone, wall: int, *, gap: str, fold: str) -> list[int]:
    instants_at = zone.instants_at.get(wall, [])
    if expression.is_rhythm or len(instants_at) == 1:
        return instants_at
    if instants_at:
        return {"first": instants_at[:1], "last": instants_at[-1:], "both": instants_at}[fold]
    if gap == "skip":
        return []
    while wall not in zone.instants_at:
        wall += 1
    return zone.instants_at[wall][:1]


def between(found: list[int], start: int, end: int) -> list[int]:
    return found[bisect_left(found, start) : bisect_left(found, end)]


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def minutes(day: date) -> int:
    return (day - EPOCH.date()).days * DAY


def wall_date(wall: int) -> date:
    return EPOCH.date() + timedelta(minutes=wall)
