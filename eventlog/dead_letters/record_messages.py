"""Reads the record events of a received message, or says why the message is refused."""

from hashlib import sha256

from baton.domain.errors import Rejected
from baton.domain.ids import derived_id
from baton.domain.record.messages import ReceiveRecord
from baton.eventlog.dead_letters.dead_lettering import REDRIVEN
from baton.eventlog.ports.topics import ReceivedMessage
from baton.protocols.cloudevents import kafka_binding
from baton.protocols.cloudevents.record_events import Receipt


def read_message(received: ReceivedMessage, *, at: int) -> list[ReceiveRecord]:
    """Return the record events of a message; raises `Rejected` when one can't be read.

    Args:
        at: The time of receipt, ms since the epoch.
    """
    receipt = Receipt(
        tenant=None,
        at=at,
        fallback_id=_fallback_id(received),
        fallback_source=f"topic:{received.topic}",
    )
    message = received.message
    return kafka_binding.read_message(message.headers, message.value, receipt)


def reason_of(rejected: Rejected) -> str:
    """Return on one line why a message is refused, with the path of each fault."""
    reasons = [f"{fault.place}: {fault.message}" for fault in rejected.faults if fault.path]
    return "; ".join(reasons) or str(rejected)


def _fallback_id(received: ReceivedMessage) -> str:
    """Return an id for an event without one: the same for each delivery of its message.

    A redriven message takes the id from its dead letter, because its offset is new. Other ids
    include the message's timestamp, because a topic that was deleted and created again repeats its
    offsets.
    """
    content = sha256(received.message.value or b"").hexdigest()
    for name, letter_id in received.message.headers:
        if name == REDRIVEN:
            return derived_id("letter", letter_id.hex(), content)
    place = (received.topic, str(received.partition), str(received.offset))
    return derived_id("message", *place, str(received.at), content)
