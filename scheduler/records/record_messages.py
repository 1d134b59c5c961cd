"""What record events a message holds, by the CloudEvents Kafka binding or as a plain payload.

A message is structured or a batch by its `content-type` header, binary when it has a
`ce_specversion`; without either, an object with a `specversion` is structured, and any other is the
plain Centrali payload. Keys mean nothing here. The tenant is the event's own word.
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
        message = "The message has no value"
        raise Invalid(message)
    if len(value) > MAX_BYTES:
        message = f"The message is larger than {MAX_BYTES} bytes"
        raise Invalid(message)
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
    said = _parsed(value)
    if isinstance(said, dict) and "specversion" in said:
        return [cloud_event(said, receipt)]
    return [plain_event(said, receipt)]


def reason_of(rejected: Rejected) -> str:
    """Return in one line what is wrong with a message, and where."""
    told = [f"{fault.place}: {fault.message}" for fault in rejected.faults if fault.path]
    return "; ".join(told) or str(rejected)


def _parsed(value: bytes) -> Json:
    try:
        return parse(value)
    except Invalid as fault:
        message = f"The message {fault.message}"
        raise Invalid(message) from None


def _headers(delivered: ReceivedMessage) -> dict[str, str]:
    """Return the headers that count here, by their names in lower case."""
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
    """Return the id of an event without one: the same however often its message comes.

    One that was a dead letter is named by the letter, wherever it stands now. Place and content
    alone don't name a message: a topic that was lost begins again.
    """
    content = sha256(value).hexdigest()
    for name, letter_id in delivered.message.headers:
        if name == REDRIVEN:
            return derived_id("letter", letter_id.hex(), content)
    place = (delivered.topic, str(delivered.partition), str(delivered.offset))
    return derived_id("message", *place, str(delivered.at), content)
