"""The local dates and times that a cron expression names, without time zones.

croniter parses the fields. The dates and times are computed here, on integers, because croniter's
own iteration fires a fixed time twice in the night when the clocks go back.
"""

import calendar
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from croniter import CroniterError, croniter

from baton.domain.schedule import syntax

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LAST = -1
"""The last day of a month, or the last of a weekday in a month."""

_EPOCH = date(1970, 1, 1)
_CALENDAR_CYCLE = range(2000, 2028)  # 28 years contain every kind of year
_WEEKS = range(1, 6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # hashed by identity: `times` is long
class Fields:
    """A parsed cron expression.

    - `times` are milliseconds after local midnight, ascending.
    - `days` holds days of the month and `LAST`.
    - `weekdays` holds pairs of a weekday (0 is Sunday) and its rank in the month (1 to 5, or
      `LAST`). None means any day.
    - `both_days` is Vixie's rule: where a day field begins with `*`, a date must be in both sets,
      else in either of them.
    - `fixed` means that neither the minute nor the hour has a `*`: the expression then names times
      of day; any other expression names a frequency.
    """

    times: tuple[int, ...]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[tuple[int, int]] | None
    fixed: bool
    both_days: bool


@lru_cache(maxsize=1024)
def parse(expression: str) -> Fields:
    """Return the fields of an expression; raises `syntax.UnreadableExpression` with the reason."""
    texts = syntax.fields(expression)
    try:
        parsed, ranked = croniter.expand(" ".join(texts))
    except CroniterError as error:
        # croniter's message may contain a stack trace, so it isn't shown.
        raise syntax.UnreadableExpression(f"{_bad_field(texts)} is out of range") from error
    minutes, hours = _numbers(parsed[0], range(60)), _numbers(parsed[1], range(24))
    ranks = {int(weekday): _numbers(which, _WEEKS) for weekday, which in ranked.items()}
    fields = Fields(
        times=tuple(h * HOUR_MS + m * MINUTE_MS for h in hours for m in minutes),
        days=None if syntax.is_any_day(texts[2]) else frozenset(_numbers(parsed[2], range(1, 32))),
        months=frozenset(_numbers(parsed[3], range(1, 13))),
        weekdays=None if syntax.is_any_day(texts[4]) else _weekdays(parsed[4], ranks),
        fixed="*" not in texts[0] + texts[1],
        both_days=syntax.begins_with_star(texts[2]) or syntax.begins_with_star(texts[4]),
    )
    if not any(
        _days_of(fields, year, month) for year in _CALENDAR_CYCLE for month in fields.months
    ):
        raise syntax.UnreadableExpression("the expression names no date, so it would never fire")
    return fields


def wall_times(fields: Fields, start: int, end: int) -> Iterator[int]:
    """Yield the times in [`start`, `end`), ascending.

    All times are local, in milliseconds since 1970-01-01T00:00 local time.
    """
    for midnight in _dates(fields, start, end):
        first = bisect_left(fields.times, start - midnight)
        last = bisect_left(fields.times, end - midnight)
        for time in fields.times[first:last]:
            yield midnight + time


def _dates(fields: Fields, start: int, end: int) -> Iterator[int]:
    month = (_EPOCH + timedelta(milliseconds=start)).replace(day=1)
    while (first := (month - _EPOCH).days * DAY_MS) < end:
        if month.month in fields.months:
            for day in _days_of(fields, month.year, month.month):
                midnight = first + (day - 1) * DAY_MS
                if start - DAY_MS < midnight < end:
                    yield midnight
        month = (month + timedelta(days=31)).replace(day=1)


def _days_of(fields: Fields, year: int, month: int) -> tuple[int, ...]:
    return _days_of_kind(fields, *calendar.monthrange(year, month))


@lru_cache(maxsize=8192)
def _days_of_kind(fields: Fields, weekday: int, length: int) -> tuple[int, ...]:
    # `weekday` is of day 1 if Monday is 0, and therefore of day 0 if Sunday is 0.
    return tuple(
        day for day in range(1, length + 1) if _is_named(fields, day, length, (weekday + day) % 7)
    )


def _is_named(fields: Fields, day: int, length: int, weekday: int) -> bool:
    days, weekdays = fields.days, fields.weekdays
    by_day = days is not None and (day in days or (day == length and LAST in days))
    by_weekday = weekdays is not None and (
        (weekday, (day + 6) // 7) in weekdays or (day + 7 > length and (weekday, LAST) in weekdays)
    )
    if days is None or weekdays is None:
        return (by_day or days is None) and (by_weekday or weekdays is None)
    return (by_day and by_weekday) if fields.both_days else (by_day or by_weekday)


def _weekdays(
    parsed: Collection[int | str], ranks: dict[int, list[int]]
) -> frozenset[tuple[int, int]]:
    return frozenset(
        (weekday, rank)
        for weekday in _numbers(parsed, range(7))
        for rank in ranks.get(weekday, _WEEKS)
    )


def _numbers(parsed: Collection[int | str], every: range) -> list[int]:
    """Return the numbers of a field that croniter parsed.

    croniter gives numbers, `*` for all of them (even beside numbers) and `l` for the last.
    """
    if "*" in parsed:
        return list(every)
    return sorted(LAST if value == "l" else int(value) for value in parsed)


def _bad_field(texts: list[str]) -> str:
    for place, name in enumerate(syntax.FIELD_NAMES):
        alone = ["*"] * len(texts)
        alone[place] = texts[place]
        if not croniter.is_valid(" ".join(alone)):
            return f"the {name} field ({texts[place]!r})"
    return "a field"
