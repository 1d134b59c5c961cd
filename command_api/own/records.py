"""GET /records: the record events of a tenant, and the runs that they started.

No view holds them. A list reads a limited part of the log backwards, so that receiving an event
costs nothing more.
"""

from typing import Final, Literal, cast

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.dialect.rendering import without_none
from baton.command_api.dialect.run_values import ShownValue, in_list
from baton.command_api.http.query_parameters import integer
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.history.read_log import SCANNED, read_backwards
from baton.command_api.principal import READ
from baton.command_api.streaming.stream import MAX_POSITION
from baton.domain.errors import NotFound
from baton.domain.ids import derived_id
from baton.domain.json import JsonObject
from baton.domain.record.messages import RecordReceived, TriggersConsidered
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.projector.views.runs.queries import RunFilter
from baton.protocols.iso_time import format_time

MAX_LIMIT: Final = 500


class RecordSummary(BaseModel):
    """A record event; `id` is Baton's own, `eventId` the sender's."""

    id: str
    position: int
    type: str
    source: str
    eventId: str  # noqa: N815 - the names of the JSON
    structure: str
    recordId: str | None = None  # noqa: N815
    time: str
    receivedAt: str  # noqa: N815
    data: ShownValue = None


class Match(BaseModel):
    """A definition whose trigger waits for the event: the run that started, or why none did."""

    definitionId: str  # noqa: N815
    slug: str | None = None
    outcome: Literal["fired", "skipped"]
    runId: str | None = None  # noqa: N815
    reason: str | None = None


class WholeRecord(RecordSummary):
    """A record event and what it matched; a trigger that skipped it may be counted with others."""

    matches: list[Match]


class RecordPage(BaseModel):
    """Record events, the newest first; `next` continues before them as `before`.

    A page reads a limited part of the log, which all events share: it may be empty and still not be
    the last one. There is no `next` at the beginning of the log.
    """

    records: list[RecordSummary]
    next: int | None = Field(default=None)


async def _list(context: RequestContext) -> Reply:
    store = context.services.store
    limit = integer(context.query, "limit", 50, at_least=1, at_most=MAX_LIMIT)
    before = integer(context.query, "before", 0, at_least=0, at_most=MAX_POSITION)
    top = min(before or MAX_POSITION, await store.head() + 1)
    part = await read_backwards(store, context.tenant, (RecordReceived,), before=top, limit=limit)
    body = {
        "records": [record_summary(event, in_page=True) for event in part.events],
        "next": part.reached if part.reached > 1 else None,
    }
    return context.reply(200, without_none(body))


async def _show(context: RequestContext) -> Reply:
    ident = context.params["recordId"]
    history = await context.services.store.read(stream_name(context.tenant, "record", ident))
    if not history:
        raise NotFound("record_event", ident)
    event = cast("RecordReceived", history[0].event)
    outcomes = await _fired(context, ident, event)
    for stored in history:
        if isinstance(stored.event, TriggersConsidered):
            skipped = stored.event.skipped
            outcomes += [(by, {"outcome": "skipped", "reason": reason}) for by, reason in skipped]
    matches = [await _match(context, by, outcome) for by, outcome in outcomes]
    return context.reply(200, {**record_summary(history[0], in_page=False), "matches": matches})


def record_summary(recorded: Recorded, *, in_page: bool) -> JsonObject:
    """Return the members of a `RecordSummary`; in a page, large data is left out."""
    event = cast("RecordReceived", recorded.event)
    shown = without_none(
        {
            "id": stream_parts(recorded.stream).id,
            "position": recorded.position,
            "type": event.type,
            "source": event.source,
            "eventId": event.event_id,
            "structure": event.structure,
            "recordId": event.record_id or None,
            "time": format_time(event.time),
            "receivedAt": format_time(event.at),
        }
    )
    return {**shown, "data": in_list(event.data) if in_page else event.data}


async def _fired(
    context: RequestContext, ident: str, event: RecordReceived
) -> list[tuple[str, JsonObject]]:
    """Return the definitions of which the event started a run, each with its outcome.

    No event says so. The id of such a run follows from the definition and the event; candidates are
    the definitions that wait for the type now, and those with runs that the record started.
    """
    services, tenant = context.services, context.tenant
    waiting = await services.definitions.of_event_type(tenant, event.type, now=context.now())
    definition_ids = {definition.definition_id for definition in waiting}
    if event.record_id:
        run_filter = RunFilter(record_id=event.record_id, triggers=("record",))
        runs = await services.runs.matching(tenant, run_filter, None, limit=MAX_LIMIT)
        definition_ids |= {run.definition_id for run in runs}
    outcomes: list[tuple[str, JsonObject]] = []
    for by in sorted(definition_ids):
        run_id = derived_id(by, ident)
        if await services.runs.get(tenant, run_id) is not None:
            outcomes.append((by, {"outcome": "fired", "runId": run_id}))
    return outcomes


async def _match(context: RequestContext, definition_id: str, outcome: JsonObject) -> JsonObject:
    definition = await context.services.definitions.get(context.tenant, definition_id)
    slug = None if definition is None else definition.slug
    return without_none({"definitionId": definition_id, "slug": slug, **outcome})


_EXAMPLE: Final[JsonObject] = {
    "id": "d3c0u7v6gtk2q1v9m4t0",
    "position": 81230,
    "type": "record.created",
    "source": "shop",
    "eventId": "evt-1",
    "structure": "orders",
    "recordId": "rec_1",
    "time": "2026-01-05T09:00:00.000Z",
    "receivedAt": "2026-01-05T09:00:00.004Z",
    "data": {"total": 59},
}

ROUTES = (
    Route(
        method="GET",
        path="/records",
        handler=_list,
        scope=READ,
        as_of=True,
        summary="List record events, the newest first",
        operation_id="listRecords",
        tag="Events",
        response=RecordPage,
        example={"records": [_EXAMPLE]},
        query=(
            QueryParameter(
                name="before",
                schema={"type": "integer", "default": 0, "minimum": 0, "maximum": MAX_POSITION},
                description="The `next` of the page before; a page looks at"
                f" {SCANNED} positions of the log",
            ),
            limit_parameter(50, MAX_LIMIT),
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope"},
    ),
    Route(
        method="GET",
        path="/records/{recordId}",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get a record event with the runs that it started, and why others did not start",
        operation_id="getRecord",
        tag="Events",
        response=WholeRecord,
        example={
            **_EXAMPLE,
            "matches": [
                {
                    "definitionId": "d3c0u7p6gtk2q1v9m4s0",
                    "slug": "order-processing",
                    "outcome": "fired",
                    "runId": "d3c0u8h6gtk2q1v9m4tg",
                }
            ],
        },
        problems={403: "The token lacks the scope", 404: "The tenant has no such record event"},
    ),
)
