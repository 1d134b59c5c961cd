"""Timetables of schedules and the instants that they name. The scheduler fires them.

Instants are milliseconds since the epoch, UTC. They are computed from UTC and the offsets of the
time zone, never from a clock.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice, takewhile
from typing import Literal, TypeAlias, assert_never

from baton.domain.schedule import cron, syntax, zone

MIN_INTERVAL_MS = 1000
MAX_INTERVAL_MS = 100 * 365 * cron.DAY_MS
LATEST_MS = 253_370_764_800_000 - 1
"""The last instant of a timetable: the end of `zone.LAST_YEAR`."""

Field: TypeAlias = Literal["expression", "every_ms", "at", "timezone"]
DstGap: TypeAlias = Literal["shift", "skip"]
DstFold: TypeAlias = Literal["first", "last", "both"]
MissedPolicy: TypeAlias = Literal["fire_once", "fire_all", "skip"]
OverlapPolicy: TypeAlias = Literal["allow", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Every `every_ms` milliseconds, counted from the time at which the schedule became active."""

    every_ms: int
    timezone: str = "UTC"
    kind: Literal["interval"] = "interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """At the local times in `timezone` that match a five-field cron expression.

    An expression without `*` in minute and hour means times of day. When the clocks go forward, a
    time that doesn't exist fires at the next instant that does (`dst_gap` "shift") or not at all
    ("skip"). When they go back, a time that exists twice fires the first time, the last time or
    both (`dst_fold`). Any other expression means a frequency, which follows elapsed time: it
    doesn't fire in the skipped hour and fires twice in the repeated one (the rule of Debian's
    cron).
    """

    expression: str
    timezone: str = "UTC"
    dst_gap: DstGap = "shift"
    dst_fold: DstFold = "first"
    kind: Literal["cron"] = "cron"


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """At one instant; `timezone` is for display only."""

    at: int
    timezone: str = "UTC"
    kind: Literal["once"] = "once"


Timetable: TypeAlias = Interval | Cron | Once


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """At the instants of any of several timetables; an instant that two share counts once."""

    timetables: tuple[Timetable, ...]
    kind: Literal["combined"] = "combined"

    @property
    def timezone(self) -> str:
        """The time zone of the first timetable, for display only."""
        return self.timetables[0].timezone


AnyTimetable: TypeAlias = Timetable | Combined


def parts_of(timetable: AnyTimetable) -> tuple[Timetable, ...]:
    """Return the timetables that a combined timetable consists of, or the timetable itself."""
    return timetable.timetables if isinstance(timetable, Combined) else (timetable,)


class InvalidTimetable(ValueError):
    """The timetable is invalid: `field` is the invalid member, `reason` says why."""

    def __init__(self, field: Field, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field: Field = field
        self.reason = reason


def check_timetable(timetable: Timetable) -> None:
    """Check that `next_fire` can follow the timetable; raises `InvalidTimetable` otherwise."""
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


def next_fire(timetable: AnyTimetable, *, after: int, anchor: int) -> int | None:
    """Return the first instant strictly after `after`, or None if there is none.

    Args:
        timetable: A timetable that `check_timetable` accepts.
        after: Milliseconds since the epoch, UTC.
        anchor: When the schedule became active. An interval has its ticks at
            `anchor + n * every_ms` with n from 1; other timetables ignore the anchor.
    """
    return next(_instants(timetable, after, anchor), None)


def fire_times(
    timetable: AnyTimetable, *, after: int, until: int, anchor: int, limit: int = 1000
) -> list[int]:
    """Return the first `limit` instants after `after`, up to and including `until`, ascending."""
    due = takewhile(lambda at: at <= until, _instants(timetable, after, anchor))
    return list(islice(due, limit))


def split_missed(policy: MissedPolicy, due: list[int]) -> tuple[list[int], list[int]]:
    """Split the instants that passed without firing into (to fire, to record as missed).

    Args:
        policy: "fire_once" fires the latest instant, "fire_all" each one, "skip" none.
        due: The instants, ascending.
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


def _instants(timetable: AnyTimetable, after: int, anchor: int) -> Iterator[int]:
    match timetable:
        case Combined(timetables=timetables):
            merged = heapq.merge(*(_instants(part, after, anchor) for part in timetables))
            yield from (at for at, _ in groupby(merged))
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
            after = span.start  # the first instant after the gap may be named itself: fire it once
        if timetable.dst_fold == "first":
            start = max(start, span.start + span.before)
        if timetable.dst_fold == "last":
            end = min(end, span.end + span.after)
    for wall in cron.wall_times(fields, max(start, after + 1 + span.offset), end):
        yield wall - span.offset


def _skips_a_time(fields: cron.Fields, span: zone.Span) -> bool:
    """Return whether the clock skipped a time of the expression at the start of the span."""
    lost = cron.wall_times(fields, span.start + span.before, span.start + span.offset)
    return next(lost, None) is not None
