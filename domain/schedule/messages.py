"""Commands and events of a schedule. Event names and fields are the storage format.

A tick is one instant of the timetable; its nominal time is that instant, in milliseconds since the
epoch, UTC. The scheduled trigger of a definition has a stream with the definition's id, which
begins with the first tick. A separate schedule has a stream that begins with `ScheduleCreated`.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor
from baton.domain.json import Json
from baton.domain.schedule.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Fire:
    """Start the run `run_id` at the tick."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Miss:
    """Drop the tick by the missed-tick policy, because no scheduler ran when it was due."""

    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Start no run at the tick, although it is due, for this reason."""

    reason: str


TickOutcome: TypeAlias = Fire | Miss | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTick:
    """Record the outcome of the tick at `nominal_at`; does nothing if it isn't the newest."""

    nominal_at: int
    outcome: TickOutcome
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSchedule:
    """Start runs of a definition by a separate timetable, with this input."""

    definition_id: str
    timetable: Timetable
    actor: Actor
    at: int
    input: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSchedule:
    """Delete the schedule: it has no more ticks."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCreated:
    """The schedule was created; its ticks are the instants after `at`."""

    definition_id: str
    timetable: Timetable
    actor: Actor
    at: int
    input: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDeleted:
    """The schedule was deleted."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFired:
    """The tick at `nominal_at` started a run."""

    nominal_at: int
    run_id: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleMissed:
    """The tick at `nominal_at` was dropped because no scheduler ran when it was due."""

    nominal_at: int
    reason: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSkipped:
    """The tick at `nominal_at` was due but started no run."""

    nominal_at: int
    reason: str
    at: int


Command: TypeAlias = RecordTick | CreateSchedule | DeleteSchedule
Event: TypeAlias = (
    ScheduleCreated | ScheduleDeleted | ScheduleFired | ScheduleMissed | ScheduleSkipped
)
