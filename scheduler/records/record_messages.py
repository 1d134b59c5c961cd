"""Reads record events from messages, by the CloudEvents Kafka binding or as a plain payload.

The `content-type` header marks a structured event or a batch, a `ce_specversion` header a binary
one. Without these headers, an object with a `specversion` is a structured event and any other
object a plain payload. The message's key is ignored. The event itself names its tenant.
"""

from collections.abc import Mapping
from hashlib import sha256

from baton.domain.errors import Invalid, Rejected
from baton.domain.ids import derived_id
from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.eventlog.dead_lettering import REDRIVEN
from baton.eventlog.ports.topics import ReceivedMessage
from baton.protocols.cloudevents import (
    BATCH,
    STRUCTURED,
    Receipt,
    cloud_event,
    cloud_events,
    invalid,
    plain_event,
)
from baton.protocols.strict_json import MAX_BYTES, parse

_PREFIX = "ce_"
_CONTENT_TYPE = "content-type"


def read_message(delivered: ReceivedMessage, *, at: int) -> list[ReceiveRecord]:
    """Return the record events in a message; raises `Rejected` when any can't be read."""
    value = delivered.message.value
    if value is None:
        raise Invalid("The message has no value")
    if len(value) > MAX_BYTES:
        raise Invalid(f"The message is larger than {MAX_BYTES} bytes")
    receipt = Receipt(
        tenant=None,
        at=at,
        fallback_id=_fallback_id(delivered, value),
        fallback_source=f"topic:{delivered.topic}",
        parse=parse,
    )
    headers = _headers(delivered)
    media = headers.get(_CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if media == BATCH:
        return cloud_events(_parsed(value), receipt)
    if media == STRUCTURED:
        return [cloud_event(_parsed(value), receipt)]
    if f"{_PREFIX}specversion" in headers:
        return [cloud_event({**_attributes(headers), "data": _parsed(value)}, receipt)]
    payload = _parsed(value)
    if isinstance(payload, dict) and "specversion" in payload:
        return [cloud_event(payload, receipt)]
    return [plain_event(payload, receipt)]


def reason_of(rejected: Rejected) -> str:
    """Return the faults of a message and their places as one line."""
    faults = [f"{fault.place}: {fault.message}" for fault in rejected.faults if fault.path]
    return "; ".join(faults) or str(rejected)


def _parsed(value: bytes) -> Json:
    try:
        return parse(value)
    except Invalid as fault:
        raise Invalid(f"The message {fault.message}") from None


def _headers(delivered: ReceivedMessage) -> dict[str, str]:
    """Return the CloudEvents headers and the content type, by their names in lower case."""
    found: dict[str, str] = {}
    for given, value in delivered.message.headers:
        name = given.lower()
        if name != _CONTENT_TYPE and not name.startswith(_PREFIX):
            continue
        if name in found:
            raise invalid("must be sent once", name)
        try:
            found[name] = value.decode()
        except UnicodeDecodeError:
            raise invalid("must be UTF-8", name) from None
    return found


def _attributes(headers: Mapping[str, str]) -> JsonObject:
    """Return the attributes of a binary CloudEvent (Kafka binding 3.2)."""
    found: JsonObject = {
        name.removeprefix(_PREFIX): value
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    if _CONTENT_TYPE in headers:
        found["datacontenttype"] = headers[_CONTENT_TYPE]
    return found


def _fallback_id(delivered: ReceivedMessage, value: bytes) -> str:
    """Return an id for an event without one, the same for every delivery of its message.

    A redriven message takes its id from the letter, as it now has another offset. Otherwise the
    timestamp is part of the id: a topic that was deleted and created again repeats its offsets.
    """
    content = sha256(value).hexdigest()
    for name, letter_id in delivered.message.headers:
        if name == REDRIVEN:
            return derived_id("letter", letter_id.hex(), content)
    origin = (delivered.topic, str(delivered.partition), str(delivered.offset))
    return derived_id("message", *origin, str(delivered.at), content)
