"""Timetables of schedules and the instants they name; who fires them is none of its business.

All instants are milliseconds since the epoch, UTC. Nominal times are worked out from UTC and the
zone's offsets, never from a clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Literal, TypeAlias, assert_never

from baton.domain.schedule import cron, syntax, zone

MIN_INTERVAL_MS = 1000
MAX_INTERVAL_MS = 100 * 365 * cron.DAY_MS
LATEST_MS = 253_370_764_800_000 - 1  # the end of zone.LAST_YEAR

Field: TypeAlias = Literal["expression", "every_ms", "at", "timezone"]
DstGap: TypeAlias = Literal["shift", "skip"]
DstFold: TypeAlias = Literal["first", "last", "both"]
MissedPolicy: TypeAlias = Literal["fire_once", "fire_all", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Every `every_ms` milliseconds, counted from when the schedule became active."""

    every_ms: int
    timezone: str = "UTC"
    kind: Literal["interval"] = "interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """When the wall clock in `timezone` matches a five-field cron expression.

    An expression without `*` in minute and hour means times of day. One that doesn't exist fires
    at the next instant that does (`shift`) or not at all (`skip`); one that exists twice fires the
    first time, the last or both. Any other expression means a rhythm and follows real time:
    nothing in the hour that is left out, twice in the hour that is repeated (Debian cron's rule).
    """

    expression: str
    timezone: str = "UTC"
    dst_gap: DstGap = "shift"
    dst_fold: DstFold = "first"
    kind: Literal["cron"] = "cron"


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """At one instant; `timezone` is only shown."""

    at: int
    timezone: str = "UTC"
    kind: Literal["once"] = "once"


Timetable: TypeAlias = Interval | Cron | Once


class InvalidTimetable(ValueError):
    """A timetable that can't be followed: the `field` at fault and the `reason`."""

    def __init__(self, field: Field, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field: Field = field
        self.reason = reason


def check_timetable(timetable: Timetable) -> None:
    """Raises `InvalidTimetable` unless `next_fire` can follow the timetable."""
    try:
        zone.load(timetable.timezone)
    except zone.UnknownZone as error:
        raise InvalidTimetable("timezone", str(error)) from error
    match timetable:
        case Interval(every_ms=every_ms):
            if not MIN_INTERVAL_MS <= every_ms <= MAX_INTERVAL_MS:
                raise InvalidTimetable("every_ms", "must be between one second and 100 years")
        case Cron(expression=expression):
            try:
                cron.parse(expression)
            except syntax.UnreadableExpression as error:
                raise InvalidTimetable("expression", str(error)) from error
        case Once(at=at):
            if not 0 <= at <= LATEST_MS:
                raise InvalidTimetable("at", "must be in the years 1970 to 9998")
        case _:
            assert_never(timetable)


def next_fire(timetable: Timetable, *, after: int, anchor: int) -> int | None:
    """The first instant strictly after `after`, or None when there is no more.

    `anchor` is when the schedule became active: an interval's ticks are `anchor + n * every_ms`
    with n from 1. The other kinds don't look at it.
    """
    return next(_instants(timetable, after, anchor), None)


def fire_times(
    timetable: Timetable, *, after: int, until: int, anchor: int, limit: int = 1000
) -> list[int]:
    """The instants after `after` and up to and with `until`, ascending, the first `limit`."""
    due = takewhile(lambda at: at <= until, _instants(timetable, after, anchor))
    return list(islice(due, limit))


def split_missed(policy: MissedPolicy, due: list[int]) -> tuple[list[int], list[int]]:
    """What becomes of instants that passed unfired: (to fire, to record as missed).

    `due` is ascending. `fire_once` fires the latest of them.
    """
    match policy:
        case "fire_once":
            return due[-1:], due[:-1]
        case "fire_all":
            return list(due), []
        case "skip":
            return [], list(due)
        case _:
            assert_never(policy)


def _instants(timetable: Timetable, after: int, anchor: int) -> Iterator[int]:
    match timetable:
        case Interval(every_ms=every_ms):
            first = max(1, (after - anchor) // every_ms + 1)
            yield from range(anchor + first * every_ms, LATEST_MS + 1, every_ms)
        case Cron():
            after = max(after, -1)
            if after < LATEST_MS:
                fields = cron.parse(timetable.expression)
                for span in zone.spans(timetable.timezone, after=after):
                    yield from _in_span(timetable, fields, span, after)
        case Once(at=at):
            if at > after:
                yield at
        case _:
            assert_never(timetable)


def _in_span(timetable: Cron, fields: cron.Fields, span: zone.Span, after: int) -> Iterator[int]:
    start, end = span.start + span.offset, span.end + span.offset  # on the wall clock
    if fields.fixed:
        if timetable.dst_gap == "shift" and _skips_a_time(fields, span) and span.start > after:
            yield span.start
            after = span.start  # where the clock jumps to may be a time of its own: fire it once
        if timetable.dst_fold == "first":
            start = max(start, span.start + span.before)
        if timetable.dst_fold == "last":
            end = min(end, span.end + span.after)
    for wall in cron.wall_times(fields, max(start, after + 1 + span.offset), end):
        yield wall - span.offset


def _skips_a_time(fields: cron.Fields, span: zone.Span) -> bool:
    """Whether the clock jumped over a time of the expression at the start of the span."""
    lost = cron.wall_times(fields, span.start + span.before, span.start + span.offset)
    return next(lost, None) is not None
