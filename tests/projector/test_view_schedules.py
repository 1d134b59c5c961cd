"""The view of schedules: activity, anchor, and the outcomes of ticks."""

from typing import Any

from baton.domain.definition.messages import (
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    Status,
)
from baton.domain.definition.trigger import ManualTrigger, ScheduleTrigger, Trigger
from baton.domain.schedule.messages import (
    ScheduleCreated,
    ScheduleDeleted,
    ScheduleFired,
    ScheduleMissed,
    ScheduleSkipped,
)
from baton.domain.schedule.timetable import Interval
from baton.projector.views.schedules.view import VIEW, Document
from tests.kit.actors import ANN
from tests.kit.definitions import body
from tests.projector.run_events import ViewFold

MINUTE, HOUR = Interval(every_ms=60_000), Interval(every_ms=3_600_000)
EVERY_MINUTE = ScheduleTrigger(timetable=MINUTE)
EVERY_HOUR = ScheduleTrigger(timetable=HOUR)
STREAM = "acme/definition/d1"


def created(trigger: Trigger = EVERY_MINUTE, status: Status = "active") -> DefinitionCreated:
    content = body(trigger=trigger, status=status)
    return DefinitionCreated(
        tenant="acme", definition_id="d1", slug="orders", body=content, actor=ANN, at=10
    )


def updated(at: int, trigger: Trigger = EVERY_MINUTE, status: Status = "active") -> Any:
    return DefinitionUpdated(version=2, body=body(trigger=trigger, status=status), actor=ANN, at=at)


def schedule(*events: object) -> Document:
    document = ViewFold(VIEW).after(events, STREAM).only
    assert isinstance(document, Document)
    return document


def test_a_scheduled_definition_has_a_schedule_under_its_id() -> None:
    seen = schedule(created())

    assert (seen.id, seen.tenant, seen.definition_id) == ("d1", "acme", "d1")
    assert (seen.active, seen.anchor, seen.timetable) == (True, 10, MINUTE)
    assert VIEW.columns(seen) == (1, None, 10, "d1")


def test_a_definition_with_another_trigger_has_no_schedule() -> None:
    assert not ViewFold(VIEW).after([created(ManualTrigger())], STREAM).documents


def test_a_draft_or_paused_schedule_does_not_fire() -> None:
    statuses: tuple[Status, ...] = ("draft", "paused")
    for status in statuses:
        seen = schedule(created(status=status))
        assert (seen.active, seen.anchor, VIEW.columns(seen)) == (False, 0, (None, None, 10, "d1"))


def test_an_update_that_keeps_the_timetable_keeps_the_anchor() -> None:
    assert schedule(created(), updated(50)).anchor == 10


def test_another_timetable_sets_a_new_anchor() -> None:
    seen = schedule(created(), updated(50, EVERY_HOUR))

    assert (seen.anchor, seen.timetable) == (50, HOUR)


def test_resuming_a_schedule_sets_a_new_anchor() -> None:
    paused = schedule(created(), updated(50, status="paused"))
    resumed = schedule(created(), updated(50, status="paused"), updated(70))

    assert (paused.active, paused.anchor) == (False, 0)
    assert (resumed.active, resumed.anchor) == (True, 70)


def test_a_restored_schedule_keeps_its_last_tick() -> None:
    fired = ScheduleFired(nominal_at=30, run_id="r1", at=31)
    seen = schedule(created(), fired, updated(50, ManualTrigger()), updated(70))

    assert (seen.active, seen.anchor, seen.last_nominal) == (True, 70, 30)


def test_ticks_are_counted_by_outcome() -> None:
    seen = schedule(
        created(),
        ScheduleFired(nominal_at=30, run_id="r1", at=31),
        ScheduleMissed(nominal_at=40, reason="no scheduler was running", at=90),
        ScheduleSkipped(nominal_at=50, reason="paused", at=91),
        ScheduleFired(nominal_at=60, run_id="r2", at=92),
    )

    assert (seen.fired, seen.missed, seen.skipped, seen.last_nominal) == (2, 1, 1, 60)


def test_a_standalone_schedule_has_a_document() -> None:
    event = ScheduleCreated(definition_id="d1", timetable=HOUR, actor=ANN, at=5, input={"a": 1})
    seen = ViewFold(VIEW).after([event], "acme/schedule/s1").only

    assert (seen.id, seen.definition_id, seen.input) == ("s1", "d1", {"a": 1})
    assert (seen.active, seen.anchor, seen.created_at, seen.separate) == (True, 5, 5, True)
    assert VIEW.columns(seen) == (1, "d1", 5, "d1")


def test_a_deleted_schedule_has_no_document() -> None:
    alone = ScheduleCreated(definition_id="d1", timetable=HOUR, actor=ANN, at=5)
    deleted = ScheduleDeleted(actor=ANN, at=9)

    assert not ViewFold(VIEW).after([alone, deleted], "acme/schedule/s1").documents
    assert (
        not ViewFold(VIEW).after([created(), DefinitionDeleted(actor=ANN, at=9)], STREAM).documents
    )
