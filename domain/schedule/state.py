"""The state of a schedule, folded from its events."""

from dataclasses import dataclass, replace
from typing import assert_never

from baton.domain.json import Json
from baton.domain.schedule.messages import (
    Event,
    ScheduleCreated,
    ScheduleDeleted,
    ScheduleFired,
    ScheduleMissed,
    ScheduleSkipped,
)
from baton.domain.schedule.timetable import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A schedule; `timetable` is None for the scheduled trigger of a definition.

    `last_nominal` is the nominal time of the newest recorded tick; `fired`, `missed` and `skipped`
    count ticks by their outcome.
    """

    definition_id: str = ""
    timetable: Timetable | None = None
    input: Json = None
    created_at: int = 0
    created_by: str = ""
    deleted: bool = False
    last_nominal: int | None = None
    fired: int = 0
    missed: int = 0
    skipped: int = 0


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case ScheduleFired():
            return replace(state, last_nominal=event.nominal_at, fired=state.fired + 1)
        case ScheduleMissed():
            return replace(state, last_nominal=event.nominal_at, missed=state.missed + 1)
        case ScheduleSkipped():
            return replace(state, last_nominal=event.nominal_at, skipped=state.skipped + 1)
        case ScheduleCreated():
            return State(
                definition_id=event.definition_id,
                timetable=event.timetable,
                input=event.input,
                created_at=event.at,
                created_by=event.actor.subject,
            )
        case ScheduleDeleted():
            return replace(state, deleted=True)
    assert_never(event)
