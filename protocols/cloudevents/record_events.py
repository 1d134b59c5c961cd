"""Reads record events: CloudEvents 1.0, or plain payloads.

A plain payload has the members `event`, `workspaceSlug`, `recordSlug`, `recordId` and `data`. The
`data` of a CloudEvent is either a whole plain payload, or the record itself; then `subject` is
"{recordSlug}/{recordId}". A record is an object or null; an event about many may have an array.
Types of record events are accepted with `.` or `_`. A CloudEvent of another type has any data; its
subject, if it has one, is read as structure and id, too. A document that can't be read is refused
with `Invalid`, which names the path; an event of another tenant with `Forbidden`.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from baton.domain.definition.slug import is_slug
from baton.domain.errors import Forbidden, Invalid
from baton.domain.event_type import RECORD_TYPES, type_fault
from baton.domain.json import Json, JsonObject
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.attributes import read_attributes
from baton.protocols.cloudevents.members import MAX_TEXT, Path, as_object, invalid, required_text
from baton.protocols.iso_time import MissingOffset, parse_rfc3339
from baton.protocols.media_type import parse_media_type
from baton.protocols.strict_json import parse

MAX_URI = 2_048
PAYLOAD_MEMBERS = frozenset(("event", "workspaceSlug", "recordSlug", "recordId", "data"))
"""The members of a plain payload. A CloudEvent may have any others: they are extensions."""
_WITHOUT_RECORD_ID = frozenset(("records.bulk_created",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Values for attributes that an event leaves out.

    `tenant` is the tenant that the event must belong to; None takes the event's own tenant, which
    is required then. `at` is the time of receipt in ms since the epoch. `on_unknown` is called with
    the path of each unknown member of a plain payload.
    """

    tenant: str | None
    at: int
    fallback_id: str
    fallback_source: str
    on_unknown: Callable[[Path], None] = lambda _: None


def cloud_event(document: Json, receipt: Receipt, path: Path = ()) -> ReceiveRecord:
    """Return the record event of a CloudEvent in the JSON format; `path` leads to it in a batch."""
    document = as_object(document, path)
    event = read_attributes(document, path)
    if event.get("specversion") != "1.0":
        raise invalid("must be '1.0'", *path, "specversion")
    source = required_text(event, "source", path, limit=MAX_URI)
    event_id = required_text(event, "id", path, limit=MAX_URI)
    kind = _event_type(required_text(event, "type", path), (*path, "type"))
    own = ((*path, "workspaceslug"), event.get("workspaceslug"))
    data = _data(document, path)
    payload = data if isinstance(data, dict) and "event" in data and "recordSlug" in data else None
    if kind not in RECORD_TYPES:
        workspace = _tenant(receipt, own)
        slug, record_id = _any_subject(event, path)
    elif payload is None:
        workspace = _tenant(receipt, own)
        slug, record_id = _subject(event, kind, path)
        data = _record_data(data, kind, (*path, "data"))
    else:
        inner = (*path, "data")
        _report_unknown(payload, receipt, inner)
        slug, record_id = _record(payload, kind, inner)
        workspace = _tenant(receipt, own, ((*inner, "workspaceSlug"), payload.get("workspaceSlug")))
        data = _record_data(payload.get("data"), kind, (*inner, "data"))
    return ReceiveRecord(
        event_id=event_id,
        source=source,
        type=kind,
        tenant=workspace,
        structure=slug,
        record_id=record_id,
        data=data,
        time=_time(event, receipt, path),
        at=receipt.at,
    )


def plain_event(document: Json, receipt: Receipt) -> ReceiveRecord:
    """Return the record event of a plain payload, which has no id, source or time of its own."""
    payload = as_object(document, ())
    _report_unknown(payload, receipt, ())
    kind = _event_type(required_text(payload, "event", ()), ("event",), of_record=True)
    slug, record_id = _record(payload, kind, ())
    return ReceiveRecord(
        event_id=receipt.fallback_id,
        source=receipt.fallback_source,
        type=kind,
        tenant=_tenant(receipt, (("workspaceSlug",), payload.get("workspaceSlug"))),
        structure=slug,
        record_id=record_id,
        data=_record_data(payload.get("data"), kind, ("data",)),
        time=receipt.at,
        at=receipt.at,
    )


def _report_unknown(payload: JsonObject, receipt: Receipt, path: Path) -> None:
    if payload.keys() <= PAYLOAD_MEMBERS:
        return
    for name in payload:
        if name not in PAYLOAD_MEMBERS:
            receipt.on_unknown((*path, name))


def _data(event: JsonObject, path: Path) -> Json:
    """Return the data of an event in the JSON format (section 3.1); null means no data."""
    data, encoded = event.get("data"), event.get("data_base64")
    if data is None and encoded is None:
        return None
    media = event.get("datacontenttype")
    if media is not None and not parse_media_type(str(media)).is_json:
        raise invalid("must be JSON in UTF-8", *path, "datacontenttype")
    if encoded is None:
        return data
    if not isinstance(encoded, str) or data is not None:
        raise invalid("must be base64 text without data beside it", *path, "data_base64")
    try:
        return parse(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise invalid("must be base64", *path, "data_base64") from None
    except Invalid as fault:
        raise invalid(fault.message, *path, "data_base64") from None


def _record_data(data: Json, kind: str, path: Path) -> Json:
    """Return `data` if it is a record (an object or null), or an array about many records."""
    if data is None or isinstance(data, dict):
        return data
    if kind in _WITHOUT_RECORD_ID and isinstance(data, list):
        return data
    raise invalid("must be a record: an object or null", *path)


def _event_type(text: str, path: Path, *, of_record: bool = False) -> str:
    """Return the type, with dots if it is a record type; otherwise `of_record` refuses it."""
    dotted = text.replace("_", ".", 1) if "." not in text else text
    kind = dotted if dotted in RECORD_TYPES else text
    fault = type_fault(kind)
    if fault is None and of_record and kind not in RECORD_TYPES:
        fault = f"must be one of {', '.join(RECORD_TYPES)}"
    if fault is not None:
        raise invalid(fault, *path)
    return kind


def _any_subject(event: JsonObject, path: Path) -> tuple[str, str]:
    """Return the parts of a subject before and after its first slash; both may be empty."""
    if event.get("subject") is None:
        return "", ""
    subject = required_text(event, "subject", path, limit=MAX_TEXT)
    structure, _, ident = subject.partition("/")
    return structure, ident


def _subject(event: JsonObject, kind: str, path: Path) -> tuple[str, str]:
    optional = kind in _WITHOUT_RECORD_ID
    subject = required_text(event, "subject", path, limit=2 * MAX_TEXT + 1)
    slug, _, record_id = subject.partition("/")
    if not slug or not (record_id or optional) or max(len(slug), len(record_id)) > MAX_TEXT:
        raise invalid("must be '{recordSlug}/{recordId}'", *path, "subject")
    return slug, record_id


def _record(payload: JsonObject, kind: str, path: Path) -> tuple[str, str]:
    """Return slug and id of a payload's record; its `event` must agree with the type around it."""
    if _event_type(required_text(payload, "event", path), (*path, "event")) != kind:
        raise invalid("must be the event's type", *path, "event")
    slug = required_text(payload, "recordSlug", path)
    if kind in _WITHOUT_RECORD_ID and payload.get("recordId") is None:
        return slug, ""
    return slug, required_text(payload, "recordId", path)


def _tenant(receipt: Receipt, *members: tuple[Path, Json]) -> str:
    """Return the tenant of an event; all present `members` must name the same one."""
    tenant = receipt.tenant
    for path, value in members:
        if value is None:
            continue
        if not isinstance(value, str):
            raise invalid("must be a string", *path)
        if tenant is None and not is_slug(value):
            raise invalid("must be 1 to 63 of a-z, 0-9 and -, not beginning with -", *path)
        if value != (tenant or value):
            raise _wrong_tenant(receipt, path)
        tenant = value
    if tenant is None:
        raise invalid("required", *members[-1][0])
    return tenant


def _wrong_tenant(receipt: Receipt, path: Path) -> Forbidden | Invalid:
    if receipt.tenant is None:
        return invalid("must be the event's workspace", *path)
    return Forbidden("record_event")


def _time(event: JsonObject, receipt: Receipt, path: Path) -> int:
    if event.get("time") is None:
        return receipt.at
    try:
        return parse_rfc3339(required_text(event, "time", path))
    except MissingOffset as error:
        raise invalid(str(error), *path, "time") from None
    except ValueError:
        raise invalid("must be an RFC 3339 time", *path, "time") from None
