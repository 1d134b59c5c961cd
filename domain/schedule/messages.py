"""Commands and events of a schedule. Event names and fields are the storage format.

A definition's own scheduled trigger has a stream of the definition's id, which begins with its
first tick; a schedule that stands alone begins with `ScheduleCreated`. Nominal times are the
instants a timetable names, in milliseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor
from baton.domain.json import Json
from baton.domain.schedule.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Fire:
    """The tick started this run."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Miss:
    """Nobody was there at its time and the policy does not make up for it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """The tick was due and started nothing, for this reason."""

    reason: str


TickOutcome: TypeAlias = Fire | Miss | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTick:
    """Say what became of the instant `nominal_at`; one that is not newer decides nothing."""

    nominal_at: int
    outcome: TickOutcome
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSchedule:
    """Start a definition by a timetable of its own, with this input."""

    definition_id: str
    timetable: Timetable
    actor: Actor
    at: int
    input: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSchedule:
    """Stop its ticks for good."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCreated:
    """Ticks after `at` count."""

    definition_id: str
    timetable: Timetable
    actor: Actor
    at: int
    input: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDeleted:
    """It fires no more."""

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
    """The tick at `nominal_at` came to nothing: nobody was there."""

    nominal_at: int
    reason: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSkipped:
    """The tick at `nominal_at` was due and started nothing."""

    nominal_at: int
    reason: str
    at: int


Command: TypeAlias = RecordTick | CreateSchedule | DeleteSchedule
Event: TypeAlias = (
    ScheduleCreated | ScheduleDeleted | ScheduleFired | ScheduleMissed | ScheduleSkipped
)
