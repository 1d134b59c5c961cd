"""Decisions about schedules: each tick is recorded once. The timetable computes the ticks."""

from typing import assert_never

from baton.domain.decider import Decider
from baton.domain.errors import Fault, InConflict, Invalid, NotFound
from baton.domain.json import same_json
from baton.domain.schedule.messages import (
    Command,
    CreateSchedule,
    DeleteSchedule,
    Event,
    Fire,
    Miss,
    RecordTick,
    ScheduleCreated,
    ScheduleDeleted,
    ScheduleFired,
    ScheduleMissed,
    ScheduleSkipped,
    Skip,
)
from baton.domain.schedule.state import State, evolve
from baton.domain.schedule.timetable import InvalidTimetable, check_timetable


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises Invalid, NotFound, InConflict."""
    match command:
        case RecordTick():
            return _tick(command, state)
        case CreateSchedule():
            return _create(command, state)
        case DeleteSchedule():
            if state.timetable is None:
                raise NotFound("schedule")
            return [] if state.deleted else [ScheduleDeleted(actor=command.actor, at=command.at)]
    assert_never(command)


def _tick(command: RecordTick, state: State) -> list[Event]:
    """Record a tick, unless the same or a later tick is recorded already."""
    nominal_at, at = command.nominal_at, command.at
    recorded = state.last_nominal is not None and nominal_at <= state.last_nominal
    if state.deleted or recorded:
        return []
    match command.outcome:
        case Fire(run_id=run_id):
            return [ScheduleFired(nominal_at=nominal_at, run_id=run_id, at=at)]
        case Miss(reason=reason):
            return [ScheduleMissed(nominal_at=nominal_at, reason=reason, at=at)]
        case Skip(reason=reason):
            return [ScheduleSkipped(nominal_at=nominal_at, reason=reason, at=at)]
    assert_never(command.outcome)


def _create(command: CreateSchedule, state: State) -> list[Event]:
    created = ScheduleCreated(
        definition_id=command.definition_id,
        timetable=command.timetable,
        input=command.input,
        actor=command.actor,
        at=command.at,
    )
    if state.timetable is not None:
        if _repeats(command, state):
            return []
        raise InConflict("already_exists", subject="schedule", id="")
    try:
        check_timetable(command.timetable)
    except InvalidTimetable as fault:
        faults = [Fault((fault.field,), fault.reason)]
        raise Invalid("The schedule is not valid", faults=faults, subject="schedule") from fault
    return [created]


def _repeats(command: CreateSchedule, state: State) -> bool:
    return (
        not state.deleted
        and command.definition_id == state.definition_id
        and command.timetable == state.timetable
        and same_json(command.input, state.input)
    )


DECIDER: Decider[Command, State, Event] = Decider("schedule", State(), decide, evolve)
