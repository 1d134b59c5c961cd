"""Schedules: each tick is recorded once."""

import pytest

from baton.domain.schedule.decisions import DECIDER
from baton.domain.schedule.messages import (
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
    TickOutcome,
)
from baton.domain.schedule.timetable import Cron, Interval
from tests.domain.specification import given
from tests.kit.actors import ANN, BOB

FIRED = ScheduleFired(nominal_at=100, run_id="r1", at=105)
CREATED = ScheduleCreated(
    definition_id="d1", timetable=Interval(every_ms=1_000), input={"a": 1}, actor=ANN, at=1
)
DELETE = DeleteSchedule(actor=BOB, at=9)


def tick(nominal_at: int, outcome: TickOutcome) -> RecordTick:
    return RecordTick(nominal_at=nominal_at, outcome=outcome, at=105)


def create(expression: str = "", data: object = None) -> CreateSchedule:
    timetable = Cron(expression=expression) if expression else Interval(every_ms=1_000)
    data = {"a": 1} if data is None else data
    return CreateSchedule(definition_id="d1", timetable=timetable, input=data, actor=ANN, at=1)


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Fire("r1"), FIRED),
        (Miss("no scheduler"), ScheduleMissed(nominal_at=100, reason="no scheduler", at=105)),
        (Skip("still running"), ScheduleSkipped(nominal_at=100, reason="still running", at=105)),
    ],
)
def test_a_tick_is_recorded_once(outcome: TickOutcome, event: Event) -> None:
    ticked = given(DECIDER).when(tick(100, outcome)).then(event)

    ticked.when(tick(100, outcome)).then_nothing()
    ticked.when(tick(100, Fire("r2"))).then_nothing()


def test_ticks_never_go_back() -> None:
    ticked = given(DECIDER, FIRED)

    ticked.when(tick(99, Fire("r0"))).then_nothing()
    ticked.when(tick(101, Fire("r2"))).then(ScheduleFired(nominal_at=101, run_id="r2", at=105))


def test_ticks_before_1970_count_too() -> None:
    given(DECIDER).when(tick(-5, Fire("r1"))).then(
        ScheduleFired(nominal_at=-5, run_id="r1", at=105)
    )


def test_the_outcomes_of_ticks_are_counted() -> None:
    state = (
        given(DECIDER, FIRED).after(
            tick(200, Miss("x")), tick(300, Skip("y")), tick(400, Fire("z"))
        )
    ).state

    assert (state.fired, state.missed, state.skipped, state.last_nominal) == (2, 1, 1, 400)


def test_a_separate_schedule_is_created_once() -> None:
    given(DECIDER).when(create()).then(CREATED).when(create()).then_nothing()
    given(DECIDER, CREATED).when(create("* * * * *")).then_refused("conflict")
    given(DECIDER, CREATED).when(create(data={"a": True})).then_refused("conflict")


def test_an_invalid_timetable_is_refused() -> None:
    refusal = given(DECIDER).when(create("* * * *")).then_refused("validation_error")

    assert [fault.path for fault in refusal.faults] == [("expression",)]


def test_a_deleted_schedule_has_no_further_ticks() -> None:
    deleted = given(DECIDER, CREATED).when(DELETE).then(ScheduleDeleted(actor=BOB, at=9))

    deleted.when(DELETE).then_nothing()
    deleted.when(tick(500, Fire("r1"))).then_nothing()
    deleted.when(create()).then_refused("conflict")


def test_a_schedule_that_does_not_exist_cannot_be_deleted() -> None:
    given(DECIDER).when(DELETE).then_refused("not_found", subject="schedule")
