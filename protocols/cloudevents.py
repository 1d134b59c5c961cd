"""What record events say, wherever they come from: CloudEvents 1.0 or the plain Centrali payload.

A CloudEvent's `data` is either the whole Centrali payload, or the record itself, with `subject`
"{recordSlug}/{recordId}". Names of events may be written with `.` or `_`. What can't be read raises
`Invalid`, which names the place; an event of another tenant raises `Forbidden`.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from baton.domain.definition.slug import is_slug
from baton.domain.definition.trigger_faults import EVENT_TYPES
from baton.domain.errors import Fault, Forbidden, Invalid
from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MAX_BATCH = 1_000
MAX_TEXT = 200
MAX_URI = 2_048
_NO_RECORD = frozenset(("records.bulk_created",))

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an event's own words leave open: the time, and an id for one without.

    `tenant` is whose event it must be; None takes the event's own word, which must be there then.
    `parse` reads JSON and raises `Invalid` with a message that wants a subject in front.
    """

    tenant: str | None
    at: int
    fallback_id: str
    fallback_source: str
    parse: Callable[[bytes], Json]


def cloud_events(batch: Json, receipt: Receipt) -> list[ReceiveRecord]:
    """Return the record events in a batch; one that can't be read refuses them all."""
    if not isinstance(batch, list) or not 0 < len(batch) <= MAX_BATCH:
        message = f"The batch must be an array of 1 to {MAX_BATCH} events"
        raise Invalid(message)
    return [cloud_event(event, receipt, (index,)) for index, event in enumerate(batch)]


def cloud_event(said: Json, receipt: Receipt, place: Place = ()) -> ReceiveRecord:
    """Return the record event in a CloudEvent's attributes and `data`."""
    event = _object(said, place)
    if event.get("specversion") != "1.0":
        raise invalid("must be '1.0'", *place, "specversion")
    source = _text(event, "source", place, limit=MAX_URI)
    event_id = _text(event, "id", place, limit=MAX_URI)
    kind = _event_type(_text(event, "type", place), (*place, "type"))
    own = ((*place, "workspaceslug"), event.get("workspaceslug"))
    data = _data(event, receipt, place)
    payload = data if isinstance(data, dict) and "event" in data and "recordSlug" in data else None
    if payload is None:
        workspace = _workspace(receipt, own)
        slug, record_id = _subject(event, kind, place)
    else:
        inner = (*place, "data")
        slug, record_id = _record(payload, kind, inner)
        workspace = _workspace(
            receipt, own, ((*inner, "workspaceSlug"), payload.get("workspaceSlug"))
        )
        data = payload.get("data")
    return ReceiveRecord(
        event_id=event_id,
        source=source,
        type=kind,
        tenant=workspace,
        structure=slug,
        record_id=record_id,
        data=data,
        time=_time(event, receipt, place),
        at=receipt.at,
    )


def plain_event(said: Json, receipt: Receipt) -> ReceiveRecord:
    """Return the record event in a Centrali payload, which has no id of its own."""
    payload = _object(said, ())
    kind = _event_type(_text(payload, "event", ()), ("event",))
    slug, record_id = _record(payload, kind, ())
    return ReceiveRecord(
        event_id=receipt.fallback_id,
        source=receipt.fallback_source,
        type=kind,
        tenant=_workspace(receipt, (("workspaceSlug",), payload.get("workspaceSlug"))),
        structure=slug,
        record_id=record_id,
        data=payload.get("data"),
        time=receipt.at,
        at=receipt.at,
    )


def invalid(message: str, *place: str | int) -> Invalid:
    """Return the refusal that names one member of a document."""
    return Invalid(message, faults=(Fault(place, message),))


def _data(event: JsonObject, receipt: Receipt, place: Place) -> Json:
    content_type = event.get("datacontenttype", "application/json")
    if "data_base64" not in event:
        if not isinstance(content_type, str) or "json" not in content_type.lower():
            raise invalid("must be JSON", *place, "datacontenttype")
        return event.get("data")
    encoded = event["data_base64"]
    if not isinstance(encoded, str) or "data" in event:
        raise invalid("must be base64 text without data beside it", *place, "data_base64")
    try:
        return receipt.parse(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise invalid("must be base64", *place, "data_base64") from None
    except Invalid as fault:
        raise invalid(fault.message, *place, "data_base64") from None


def _event_type(text: str, place: Place) -> str:
    kind = text.replace("_", ".", 1) if "." not in text else text
    if kind not in EVENT_TYPES:
        raise invalid(f"must be one of {', '.join(EVENT_TYPES)}", *place)
    return kind


def _subject(event: JsonObject, kind: str, place: Place) -> tuple[str, str]:
    optional = kind in _NO_RECORD
    slug, _, record_id = _text(event, "subject", place, limit=2 * MAX_TEXT + 1).partition("/")
    if not slug or not (record_id or optional) or max(len(slug), len(record_id)) > MAX_TEXT:
        raise invalid("must be '{recordSlug}/{recordId}'", *place, "subject")
    return slug, record_id


def _record(payload: JsonObject, kind: str, place: Place) -> tuple[str, str]:
    """Return slug and id of the record in a payload, which must agree with what is around it."""
    if _event_type(_text(payload, "event", place), (*place, "event")) != kind:
        raise invalid("must be the event's type", *place, "event")
    slug = _text(payload, "recordSlug", place)
    if kind in _NO_RECORD and payload.get("recordId") is None:
        return slug, ""
    return slug, _text(payload, "recordId", place)


def _workspace(receipt: Receipt, *said: tuple[Place, Json]) -> str:
    """Return whose event it is; what says so in more than one place says the same in each."""
    tenant = receipt.tenant
    for place, value in said:
        if value is None:
            continue
        if not isinstance(value, str):
            raise invalid("must be a string", *place)
        if tenant is None and not is_slug(value):
            raise invalid("must be 1 to 63 of a-z, 0-9 and -, not beginning with -", *place)
        if value != (tenant or value):
            raise _of_another(receipt, place)
        tenant = value
    if tenant is None:
        raise invalid("required", *said[-1][0])
    return tenant


def _of_another(receipt: Receipt, place: Place) -> Forbidden | Invalid:
    if receipt.tenant is None:
        return invalid("must be the event's workspace", *place)
    return Forbidden("record_event")


def _time(event: JsonObject, receipt: Receipt, place: Place) -> int:
    if event.get("time") is None:
        return receipt.at
    text = _text(event, "time", place)
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            raise invalid("must have a time zone", *place, "time")
        return int((when - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    except (ValueError, OverflowError):
        raise invalid("must be an RFC 3339 time", *place, "time") from None


def _text(source: JsonObject, name: str, place: Place, *, limit: int = MAX_TEXT) -> str:
    value = source.get(name)
    if value is None:
        raise invalid("required", *place, name)
    if not isinstance(value, str) or not 0 < len(value) <= limit or "\0" in value:
        raise invalid(f"must be a string of 1 to {limit} characters", *place, name)
    return value


def _object(value: Json, place: Place) -> JsonObject:
    if not isinstance(value, dict):
        raise invalid("must be an object", *place)
    return value
