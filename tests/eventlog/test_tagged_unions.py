"""Unions of records are read by their literal `kind`, and by nothing else."""

import orjson
import pytest

from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.trigger import BY_HAND, ByRecord, BySchedule, ByWebhook, Trigger
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.codec import decode, encode
from tests.kit.actors import ANN

TOPIC = "run.RunRequested"


def requested(trigger: Trigger) -> RunRequested:
    return RunRequested(
        tenant="acme",
        run_id="r",
        definition_id="d",
        version=1,
        trigger=trigger,
        actor=ANN,
        at=1,
    )


@pytest.mark.parametrize(
    "trigger",
    [
        BY_HAND,
        ByRecord(event_type="record.created", structure="orders", record_id="1", event_id="e"),
        BySchedule(schedule_id="s", nominal_at=5),
        ByWebhook(path="/webhooks/orders"),
    ],
)
def test_each_trigger_is_read_as_the_record_that_was_written(trigger: Trigger) -> None:
    event = requested(trigger)

    assert decode(TOPIC, encode(event)) == event


@pytest.mark.parametrize(
    ("trigger", "says"),
    [
        ({"kind": "unknown"}, "does not match any of the expected tags"),
        ({"path": "/webhooks/orders"}, "Unable to extract tag"),
        ({"kind": "webhook"}, "trigger.webhook.path"),
    ],
)
def test_a_trigger_without_its_kind_or_its_members_is_unreadable(
    trigger: dict[str, str], says: str
) -> None:
    stored = orjson.loads(encode(requested(BY_HAND))) | {"trigger": trigger}

    with pytest.raises(Unreadable, match=says):
        decode(TOPIC, orjson.dumps(stored))
