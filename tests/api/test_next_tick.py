"""The next tick of a separate schedule: after now, and only while its definition is active."""

from dataclasses import replace

import pytest

from baton.command_api.dialect.next_tick import next_tick_at
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.messages import DeleteDefinition, Status, UpdateDefinition
from baton.domain.definition.state import State as Definition
from baton.domain.schedule.timetable import Interval, Once
from baton.projector.views.schedules.view import Document as Schedule
from tests.kit.actors import ANN
from tests.kit.definitions import body, create_definition

HOUR = 3_600_000
SCHEDULE = Schedule(
    id="s1",
    tenant="acme",
    definition_id="d1",
    timetable=Interval(every_ms=HOUR),
    active=True,
    anchor=0,
    created_at=10,
)


def definition(*changes: tuple[int, Status]) -> Definition:
    state = DEFINITION.apply(create_definition("d1", body()), DEFINITION.initial)[1]
    for at, status in changes:
        update = UpdateDefinition(body=body(status=status), actor=ANN, at=at)
        state = DEFINITION.apply(update, state)[1]
    return state


def test_the_next_tick_is_after_now_and_after_the_last_one() -> None:
    fired = replace(SCHEDULE, last_nominal=10 + 2 * HOUR)

    assert next_tick_at(SCHEDULE, definition(), now=20) == 10 + HOUR
    assert next_tick_at(SCHEDULE, definition(), now=10 + HOUR) == 10 + 2 * HOUR
    assert next_tick_at(fired, definition(), now=20) == 10 + 3 * HOUR


def test_a_resumed_definition_gives_its_schedule_a_new_beginning() -> None:
    resumed = definition((50, "paused"), (99, "active"))

    assert next_tick_at(SCHEDULE, resumed, now=100) == 99 + HOUR


@pytest.mark.parametrize("status", ["draft", "paused"])
def test_there_is_no_next_tick_while_the_definition_is_not_active(status: Status) -> None:
    assert next_tick_at(SCHEDULE, definition((50, status)), now=60) is None


def test_there_is_no_next_tick_after_the_end() -> None:
    deleted = DEFINITION.apply(DeleteDefinition(actor=ANN, at=9), definition())[1]
    once = replace(SCHEDULE, timetable=Once(at=100))

    assert next_tick_at(SCHEDULE, deleted, now=60) is None
    assert next_tick_at(SCHEDULE, None, now=60) is None
    assert next_tick_at(once, definition(), now=60) == 100
    assert next_tick_at(once, definition(), now=100) is None
