"""Computes the due ticks of a schedule and the outcome of each; pure functions of times.

All times are milliseconds since the epoch, UTC. `anchor` is the time at which the schedule became
active, `last` the newest recorded tick.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from baton.domain.schedule.messages import Miss
from baton.domain.schedule.timetable import (
    AnyTimetable,
    MissedPolicy,
    Once,
    OverlapPolicy,
    fire_times,
    next_fire,
    parts_of,
    split_missed,
)
from baton.protocols.iso_time import format_time

ON_TIME_MS: Final = 10_000
"""The delay up to which the policy `skip` still fires a tick, in ms.

It covers a handover of the lease, which takes seconds.
"""
MAX_DUE_TICKS: Final = 1_000
"""The number of due ticks that are recorded one by one; all older ones count as one missed tick."""

TICKS_PER_APPEND: Final = 100
"""The number of ticks that one append records."""

_PAST: Final = "it was already past when the schedule became active"
_NOT_FIRED: Final = "no scheduler was running at its time, or the server was held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies for missed ticks, and for ticks during an active run.

    A tick is missed if no scheduler ran when it was due, or the server was held: `fire_once` starts
    one run for all missed ticks, `fire_all` one run for each (the newest 1,000), `skip` none. For
    overlap, `skip` starts no run while the previous one is active.
    """

    missed: MissedPolicy = "fire_once"
    overlap: OverlapPolicy = "allow"


@dataclass(frozen=True, slots=True)
class Tick:
    """A due instant, which fires or is `missed`."""

    nominal_at: int
    missed: Miss | None = None


def next_tick(timetable: AnyTimetable, *, anchor: int, last: int | None) -> int | None:
    """Return the next instant to record, which may be in the past; None after the last one."""
    if _past_from_the_start(timetable, anchor, last):
        return anchor
    return next_fire(timetable, after=_after(anchor, last), anchor=anchor)


def due_ticks(
    timetable: AnyTimetable, *, anchor: int, last: int | None, now: int, policy: MissedPolicy
) -> list[Tick]:
    """Return the ticks that are due at `now` and not recorded yet, the oldest first.

    Instants that had passed when the schedule became active are returned first, without others.
    """
    past = _past_from_the_start(timetable, anchor, last)
    if past:
        return [Tick(at, Miss(_PAST)) for at in past]
    due, older = _newest(timetable, _after(anchor, last), now, anchor)
    punctual = [at for at in due if at >= now - ON_TIME_MS] if policy == "skip" else []
    fired, dropped = split_missed(policy, due[: len(due) - len(punctual)])
    ticks = [Tick(at) for at in (*fired, *punctual)] + [
        Tick(at, Miss(_NOT_FIRED)) for at in dropped
    ]
    if older is not None:
        until = format_time(due[0])
        ticks.append(
            Tick(older, Miss(f"{_NOT_FIRED}; the same holds for every tick before {until}"))
        )
    return sorted(ticks, key=lambda tick: tick.nominal_at)


def in_appends(ticks: Sequence[Tick]) -> Iterator[Sequence[Tick]]:
    """Split `ticks` into appends of which at most the last tick fires."""
    collected: list[Tick] = []
    for tick in ticks:
        collected.append(tick)
        if tick.missed is None or len(collected) == TICKS_PER_APPEND:
            yield collected
            collected = []
    if collected:
        yield collected


def _after(anchor: int, last: int | None) -> int:
    return anchor if last is None else max(anchor, last)


def _past_from_the_start(timetable: AnyTimetable, anchor: int, last: int | None) -> list[int]:
    """Return the unrecorded single instants that had passed when the schedule became active."""
    single = {part.at for part in parts_of(timetable) if isinstance(part, Once)}
    return sorted(at for at in single if at <= anchor and (last is None or last < at))


def _newest(
    timetable: AnyTimetable, after: int, now: int, anchor: int
) -> tuple[list[int], int | None]:
    """Return the newest due instants, up to `MAX_DUE_TICKS`, and the oldest one before them.

    A timetable only yields ticks forwards, so a binary search finds the start of the newest ones.
    """
    due = fire_times(timetable, after=after, until=now, anchor=anchor, limit=MAX_DUE_TICKS + 1)
    if len(due) <= MAX_DUE_TICKS:
        return due, None
    oldest, low, high = due[0], after, now
    while not 0 < len(due) <= MAX_DUE_TICKS:
        middle = (low + high) // 2
        due = fire_times(timetable, after=middle, until=now, anchor=anchor, limit=MAX_DUE_TICKS + 1)
        if due:
            low = middle
        else:
            high = middle
    return due, oldest
