"""Record events: taken in once, looked at once."""

from baton.domain.record.decisions import DECIDER
from baton.domain.record.messages import (
    ReceiveRecord,
    RecordReceived,
    ReportMatches,
    TriggersConsidered,
)
from tests.domain.specification import given

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
NOTE = ReportMatches(fired=(("d1", "r1"),), skipped=(("d2", "paused"),), at=7)
CONSIDERED = TriggersConsidered(fired=(("d1", "r1"),), skipped=(("d2", "paused"),), at=7)


def test_a_record_event_is_taken_in_once() -> None:
    given(DECIDER).when(RECEIVE).then(RECEIVED).when(RECEIVE).then_nothing()


def test_runs_get_the_plain_payload_with_the_events_name_underscored() -> None:
    assert RECEIVED.input == {
        "event": "records_bulk_created",
        "workspaceSlug": "acme",
        "recordSlug": "orders",
        "recordId": "rec_1",
        "data": {"total": 3},
    }


def test_what_became_of_the_triggers_is_noted_once() -> None:
    given(DECIDER, RECEIVED).when(NOTE).then(CONSIDERED).when(NOTE).then_nothing()
    given(DECIDER, RECEIVED, CONSIDERED).when(ReportMatches(at=9)).then_nothing()


def test_nothing_is_noted_of_an_event_that_never_came() -> None:
    given(DECIDER).when(NOTE).then_refused("not_found", subject="record_event")
