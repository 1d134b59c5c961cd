"""Record events: each is recorded once and matched once."""

from dataclasses import replace

from baton.domain.definition.trigger import EventTrigger, ManualTrigger, ScheduleTrigger
from baton.domain.record.decisions import DECIDER
from baton.domain.record.matching import MATCHED, NotMatched, match
from baton.domain.record.messages import (
    ReceiveRecord,
    RecordReceived,
    ReportMatches,
    TriggersConsidered,
)
from baton.domain.schedule.timetable import Once
from tests.domain.specification import given
from tests.kit.definitions import body

RECEIVE = ReceiveRecord(
    event_id="e1",
    source="/shop",
    type="records.bulk_created",
    tenant="acme",
    structure="orders",
    record_id="rec_1",
    data={"total": 3},
    time=5,
    at=6,
)
RECEIVED = RecordReceived(
    event_id="e1",
    source="/shop",
    type="records.bulk_created",
    tenant="acme",
    structure="orders",
    record_id="rec_1",
    data={"total": 3},
    time=5,
    at=6,
)
REPORT = ReportMatches(fired=(("d1", "r1"),), skipped=(("d2", "paused"),), at=7)
CONSIDERED = TriggersConsidered(fired=(("d1", "r1"),), skipped=(("d2", "paused"),), at=7)


def test_a_record_event_is_recorded_once() -> None:
    given(DECIDER).when(RECEIVE).then(RECEIVED).when(RECEIVE).then_nothing()


def test_the_input_of_runs_is_the_plain_payload_with_an_underscored_event_type() -> None:
    assert RECEIVED.input == {
        "event": "records_bulk_created",
        "workspaceSlug": "acme",
        "recordSlug": "orders",
        "recordId": "rec_1",
        "data": {"total": 3},
    }


def test_the_input_of_runs_of_another_type_names_the_event() -> None:
    paid = replace(RECEIVED, type="payment.succeeded", structure="", record_id="")

    assert paid.input == {
        "event": "payment.succeeded",
        "id": RECEIVED.event_id,
        "source": RECEIVED.source,
        "data": {"total": 3},
    }
    assert replace(paid, structure="acct", record_id="7").input["subject"] == "acct/7"


def test_the_input_has_no_record_id_if_the_event_names_none() -> None:
    assert "recordId" not in replace(RECEIVED, record_id="").input


def test_the_outcome_of_matching_is_recorded_once() -> None:
    given(DECIDER, RECEIVED).when(REPORT).then(CONSIDERED).when(REPORT).then_nothing()
    given(DECIDER, RECEIVED, CONSIDERED).when(ReportMatches(at=9)).then_nothing()


def test_matches_of_an_unknown_record_event_are_refused() -> None:
    given(DECIDER).when(REPORT).then_refused("not_found", subject="record_event")


def test_an_event_that_starts_no_run_names_the_wrong_field() -> None:
    trigger = EventTrigger(event_type="record.created", structure="orders")
    orders = body(trigger=trigger)
    cases = (
        (orders, "record.created", "orders", MATCHED),
        (orders, "record.updated", "orders", ("type", "record.created", "record.updated")),
        (orders, "record.created", "bills", ("structure", "orders", "bills")),
        (
            replace(orders, status="paused"),
            "record.created",
            "orders",
            ("status", "active", "paused"),
        ),
        (body(trigger=ManualTrigger()), "record.created", "orders", ("trigger", "manual", "event")),
    )

    for waiting, event_type, structure, expected in cases:
        found = match(waiting, event_type, structure)
        if isinstance(found, NotMatched):
            assert (found.field, found.wanted, found.was) == expected
        else:
            assert found is expected


def test_any_trigger_of_a_definition_may_match_and_the_closest_one_is_named() -> None:
    orders = EventTrigger(event_type="record.created", structure="orders")
    several = replace(
        body(trigger=ScheduleTrigger(timetable=Once(at=1))),
        more_triggers=(EventTrigger(event_type="order.paid"), orders),
    )

    assert match(several, "order.paid", "any") is MATCHED
    assert match(several, "record.created", "orders") is MATCHED
    assert match(several, "record.created", "bills") == NotMatched(
        field="structure", wanted="orders", was="bills"
    )
    assert match(several, "record.deleted", "orders") == NotMatched(
        field="type", wanted="order.paid", was="record.deleted"
    )
    assert match(replace(several, status="draft"), "order.paid", "any") == NotMatched(
        field="status", wanted="active", was="draft"
    )
