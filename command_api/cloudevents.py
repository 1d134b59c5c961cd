"""Record events that come in: CloudEvents 1.0 or the plain Centrali payload.

Over HTTP a CloudEvent is structured (`application/cloudevents+json`), binary (`ce-` headers) or in
a batch. Its `data` is either the whole Centrali payload, or the record itself, with `subject`
"{recordSlug}/{recordId}". Names of events may be written with `.` or `_`.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from multidict import CIMultiDictProxy

from command_api.json_body import parse_json, require_json
from command_api.refusal import Refused, refused_field
from domain.definition.trigger_faults import EVENT_TYPES
from domain.json import Json, JsonObject
from domain.record.messages import ReceiveRecord

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MAX_BATCH = 1_000
MAX_TEXT = 200
MAX_URI = 2_048
_NO_RECORD = frozenset(("records.bulk_created",))

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an event's own words leave open: the tenant, the time, and an id for one without."""

    tenant: str
    at: int
    fallback_id: str


def read_records(
    headers: CIMultiDictProxy[str], body: bytes, receipt: Receipt
) -> list[ReceiveRecord]:
    """Return the events in a request; raises Refused 400, 403 (another workspace's), 415.

    One that can't be read refuses them all.
    """
    media = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media == BATCH:
        return _batch(parse_json(body), receipt)
    if media == STRUCTURED:
        return [cloud_event(_object(parse_json(body), ()), receipt)]
    require_json(headers.get("Content-Type"))
    if "ce-specversion" in headers:
        return [cloud_event({**_attributes(headers), "data": parse_json(body)}, receipt)]
    return [plain_event(_object(parse_json(body), ()), receipt)]


def cloud_event(event: JsonObject, receipt: Receipt, place: Place = ()) -> ReceiveRecord:
    """Return the record event in a CloudEvent's attributes and `data`."""
    if event.get("specversion") != "1.0":
        raise refused_field("must be '1.0'", *place, "specversion")
    source = _text(event, "source", place, limit=MAX_URI)
    event_id = _text(event, "id", place, limit=MAX_URI)
    kind = _event_type(_text(event, "type", place), (*place, "type"))
    _require_own(event.get("workspaceslug"), receipt, (*place, "workspaceslug"))
    data = _data(event, place)
    payload = data if isinstance(data, dict) and "event" in data and "recordSlug" in data else None
    if payload is None:
        slug, record_id = _subject(event, kind, place)
    else:
        slug, record_id = _record(payload, kind, receipt, (*place, "data"))
        data = payload.get("data")
    return ReceiveRecord(
        event_id=event_id,
        source=source,
        type=kind,
        workspace=receipt.tenant,
        record_slug=slug,
        record_id=record_id,
        data=data,
        time=_time(event, receipt, place),
        at=receipt.at,
    )


def plain_event(payload: JsonObject, receipt: Receipt) -> ReceiveRecord:
    """Return the record event in a Centrali payload, which has no id of its own."""
    kind = _event_type(_text(payload, "event", ()), ("event",))
    slug, record_id = _record(payload, kind, receipt, ())
    return ReceiveRecord(
        event_id=receipt.fallback_id,
        source="baton:events",
        type=kind,
        workspace=receipt.tenant,
        record_slug=slug,
        record_id=record_id,
        data=payload.get("data"),
        time=receipt.at,
        at=receipt.at,
    )


def _batch(events: object, receipt: Receipt) -> list[ReceiveRecord]:
    if not isinstance(events, list) or not 0 < len(events) <= MAX_BATCH:
        message = f"The batch must be an array of 1 to {MAX_BATCH} events"
        raise Refused("validation_error", message)
    return [
        cloud_event(_object(event, (index,)), receipt, (index,))
        for index, event in enumerate(events)
    ]


def _attributes(headers: CIMultiDictProxy[str]) -> JsonObject:
    """Return the `ce-` headers, percent-decoded (HTTP binding 3.1.3.2)."""
    found: JsonObject = {}
    for name, value in headers.items():
        if name.lower().startswith("ce-"):
            if name[3:].lower() in found:
                raise refused_field("must be sent once", name.lower())
            found[name[3:].lower()] = unquote(value, errors="replace")
    return found


def _data(event: Mapping[str, Json], place: Place) -> Json:
    content_type = event.get("datacontenttype", "application/json")
    if "data_base64" not in event:
        if not isinstance(content_type, str) or "json" not in content_type.lower():
            raise refused_field("must be JSON", *place, "datacontenttype")
        return event.get("data")
    encoded = event["data_base64"]
    try:
        if not isinstance(encoded, str) or "data" in event:
            raise refused_field("must be base64 text without data beside it", *place, "data_base64")
        return parse_json(base64.b64decode(encoded, validate=True))
    except binascii.Error:
        raise refused_field("must be base64", *place, "data_base64") from None


def _event_type(text: str, place: Place) -> str:
    kind = text.replace("_", ".", 1) if "." not in text else text
    if kind not in EVENT_TYPES:
        raise refused_field(f"must be one of {', '.join(EVENT_TYPES)}", *place)
    return kind


def _subject(event: JsonObject, kind: str, place: Place) -> tuple[str, str]:
    optional = kind in _NO_RECORD
    slug, _, record_id = _text(event, "subject", place, limit=2 * MAX_TEXT + 1).partition("/")
    if not slug or not (record_id or optional) or max(len(slug), len(record_id)) > MAX_TEXT:
        raise refused_field("must be '{recordSlug}/{recordId}'", *place, "subject")
    return slug, record_id


def _record(payload: JsonObject, kind: str, receipt: Receipt, place: Place) -> tuple[str, str]:
    """Return slug and id of the record in a payload, which must agree with what is around it."""
    if _event_type(_text(payload, "event", place), (*place, "event")) != kind:
        raise refused_field("must be the event's type", *place, "event")
    _require_own(payload.get("workspaceSlug"), receipt, (*place, "workspaceSlug"))
    slug = _text(payload, "recordSlug", place)
    if kind in _NO_RECORD and payload.get("recordId") is None:
        return slug, ""
    return slug, _text(payload, "recordId", place)


def _require_own(workspace: Json, receipt: Receipt, place: Place) -> None:
    if workspace is None or workspace == receipt.tenant:
        return
    if not isinstance(workspace, str):
        raise refused_field("must be a string", *place)
    message = "The event belongs to another workspace"
    raise Refused("forbidden", message)


def _time(event: JsonObject, receipt: Receipt, place: Place) -> int:
    if event.get("time") is None:
        return receipt.at
    text = _text(event, "time", place)
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            raise refused_field("must have a time zone", *place, "time")
        return int((when - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    except (ValueError, OverflowError):
        raise refused_field("must be an RFC 3339 time", *place, "time") from None


def _text(source: JsonObject, name: str, place: Place, *, limit: int = MAX_TEXT) -> str:
    value = source.get(name)
    if value is None:
        raise refused_field("required", *place, name)
    if not isinstance(value, str) or not 0 < len(value) <= limit or "\0" in value:
        raise refused_field(f"must be a string of 1 to {limit} characters", *place, name)
    return value


def _object(value: object, place: Place) -> JsonObject:
    if not isinstance(value, dict):
        raise refused_field("must be an object", *place)
    return value
