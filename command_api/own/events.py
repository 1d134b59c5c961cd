"""POST /events: records record events, each once. The scheduler starts the runs they trigger."""

from pydantic import BaseModel

from baton.command_api.commands import count_waiting, send_records
from baton.command_api.dialect.contract import Route
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.http.strictness import bounded, unknown_member
from baton.command_api.principal import WRITE
from baton.domain.record.messages import ReceiveRecord
from baton.protocols.cloudevents.http_binding import read_request
from baton.protocols.cloudevents.members import Path
from baton.protocols.cloudevents.modes import UnreadableMedia
from baton.protocols.cloudevents.record_events import PAYLOAD_MEMBERS, Receipt

SOURCE = "baton:events"
"""The source recorded for a plain payload, which names none."""


class EventsAccepted(BaseModel):
    """The numbers of new (`accepted`) and known events; all are in the log at `position`.

    `matched` is the number of active triggers that wait for the events, summed over all events of
    the request: 0 means that no run starts. It is read from the views and at most a second old,
    unless it is 0.
    """

    accepted: int
    duplicates: int
    position: int
    matched: int


async def _receive(context: RequestContext) -> Reply:
    unknown: list[Path] = []
    receipt = Receipt(
        tenant=context.tenant,
        at=context.now(),
        fallback_id=context.new_id(),
        fallback_source=SOURCE,
        on_unknown=unknown.append,
    )
    records = await context.in_turn(lambda: _read(context, receipt))
    context.judge_unknown(bounded(unknown_member(fault, PAYLOAD_MEMBERS) for fault in unknown))
    counts = await send_records(context.services, context.principal, records)
    body = {
        "accepted": counts.accepted,
        "duplicates": counts.duplicates,
        "position": counts.position,
        "matched": await count_waiting(context.services, context.tenant, records),
    }
    return context.reply(202, body, position=counts.position)


def _read(context: RequestContext, receipt: Receipt) -> list[ReceiveRecord]:
    try:
        return read_request(context.headers, context.body, receipt, parse_body=context.parse_json)
    except UnreadableMedia as error:
        raise Refused("unsupported_media_type", error.message) from None


_PAYLOAD = {
    "title": "RecordEvent",
    "type": "object",
    "required": ["event", "recordSlug"],
    "properties": {
        "event": {"type": "string"},
        "workspaceSlug": {"type": "string"},
        "recordSlug": {"type": "string"},
        "recordId": {"type": "string"},
        "data": {},
    },
}
_CLOUD_EVENT = {
    "title": "CloudEvent",
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        **{name: {"type": "string"} for name in ("id", "source", "type", "subject", "time")},
        "data": {},
    },
}
_IN_BATCH = {**_CLOUD_EVENT, "title": "BatchedCloudEvent"}
_REQUEST_BODY = {
    "required": True,
    "content": {
        "application/cloudevents+json": {"schema": _CLOUD_EVENT},
        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": _IN_BATCH}},
        "application/json": {"schema": _PAYLOAD},
    },
}

ROUTES = (
    Route(
        method="POST",
        path="/events",
        handler=_receive,
        scope=WRITE,
        summary="Send record events: CloudEvents (structured, binary, batch) or plain payloads",
        operation_id="sendEvents",
        tag="Events",
        response=EventsAccepted,
        status=202,
        problems={400: "An event can't be read; none was recorded"},
        operation={"requestBody": _REQUEST_BODY},
    ),
)
