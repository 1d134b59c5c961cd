"""Which ticks of a schedule are due, and what becomes of each: pure, on times alone.

All times are milliseconds since the epoch, UTC. `anchor` is when the schedule became active, `last`
the newest tick that was dealt with.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from baton.domain.schedule.messages import Miss
from baton.domain.schedule.timetable import MissedPolicy, Once, Timetable, fires, missed, next_fire
from baton.domain.schedule.zone import EPOCH

OverlapPolicy: TypeAlias = Literal["allow", "skip"]

ON_TIME_MS: Final = 10_000
"""How late a tick may be before the policy `skip` counts it as missed: a handover takes seconds."""
MOST: Final = 1_000
"""Due ticks that are dealt with one by one; older ones are told as one."""

_PAST: Final = "it was already past when the schedule became active"
_NOBODY: Final = "no scheduler was there at its time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What becomes of ticks missed while no scheduler ran, and of those that meet a live run.

    `fire_once` makes up for all missed ticks with one run, `fire_all` with one each (the newest
    1,000), `skip` with none. Overlap `skip` starts nothing while the run before is active.
    """

    missed: MissedPolicy = "fire_once"
    overlap: OverlapPolicy = "allow"


@dataclass(frozen=True, slots=True)
class Tick:
    """The instant `nominal_at` is due: it fires, or is `missed`."""

    nominal_at: int
    missed: Miss | None = None


def next_tick(timetable: Timetable, *, anchor: int, last: int | None) -> int | None:
    """Return the next instant to deal with, which may be past; None when there is no more."""
    if _past_from_the_start(timetable, anchor, last):
        return anchor
    return next_fire(timetable, after=_after(anchor, last), anchor=anchor)


def due_ticks(
    timetable: Timetable, *, anchor: int, last: int | None, now: int, policy: MissedPolicy
) -> list[Tick]:
    """Return what is due at `now` and not dealt with, the oldest first."""
    if isinstance(timetable, Once) and _past_from_the_start(timetable, anchor, last):
        return [Tick(timetable.at, Miss(_PAST))]
    due, older = _newest(timetable, _after(anchor, last), now, anchor)
    punctual = [at for at in due if at >= now - ON_TIME_MS] if policy == "skip" else []
    fired, gone = missed(policy, due[: len(due) - len(punctual)])
    ticks = [Tick(at) for at in (*fired, *punctual)] + [Tick(at, Miss(_NOBODY)) for at in gone]
    if older is not None:
        until = time_text(due[0])
        ticks.append(Tick(older, Miss(f"{_NOBODY}, nor at that of any tick before {until}")))
    return sorted(ticks, key=lambda tick: tick.nominal_at)


def time_text(at: int) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds and `Z`."""
    text = (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _after(anchor: int, last: int | None) -> int:
    return anchor if last is None else max(anchor, last)


def _past_from_the_start(timetable: Timetable, anchor: int, last: int | None) -> bool:
    if not isinstance(timetable, Once) or timetable.at > anchor:
        return False
    return last is None or last < timetable.at


def _newest(
    timetable: Timetable, after: int, now: int, anchor: int
) -> tuple[list[int], int | None]:
    """Return the newest due instants, up to `MOST`, and the oldest of those before them.

    Ticks can only be counted forwards, so where the newest begin is searched by halving.
    """
    due = fires(timetable, after=after, until=now, anchor=anchor, limit=MOST + 1)
    if len(due) <= MOST:
        return due, None
    oldest, low, high = due[0], after, now
    while not 0 < len(due) <= MOST:
        middle = (low + high) // 2
        due = fires(timetable, after=middle, until=now, anchor=anchor, limit=MOST + 1)
        if due:
            low = middle
        else:
            high = middle
    return due, oldest
