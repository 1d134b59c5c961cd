"""GET /log: the events of all streams of a tenant, in the order of the log."""

from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.http.query_parameters import choices, integer
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.history.read_log import SCANNED, read_backwards, read_forwards
from baton.command_api.own.history.render_event import (
    EXAMPLE,
    StreamEventRecord,
    render_stream_event,
)
from baton.command_api.principal import ADMIN
from baton.command_api.streaming.stream import MAX_POSITION
from baton.eventlog.events.codec import event_classes

MAX_LIMIT: Final = 1_000
_TYPES: Final = tuple(sorted(event_classes()))


class LogPage(BaseModel):
    """Events of the log; `next` continues after the positions that were read, as `after`.

    With `before`, the newest event comes first, and `next` continues before them, as `before`. A
    page reads a limited part of the log, which other tenants share: it may hold no event and still
    not be the last one. The end of the log is reached when `next` is `head`, its beginning when
    `next` is 1.
    """

    events: list[StreamEventRecord]
    next: int
    head: int = Field(description="The position of the newest event of all tenants")


async def _show(context: RequestContext) -> Reply:
    query = context.query
    after = integer(query, "after", 0, at_least=0, at_most=MAX_POSITION)
    before = integer(query, "before", 0, at_least=0, at_most=MAX_POSITION)
    if "after" in query and "before" in query:
        message = "after and before exclude each other"
        raise refused_field(message, "before")
    limit = integer(query, "limit", 100, at_least=1, at_most=MAX_LIMIT)
    types = choices(query, "type", _TYPES)
    store = context.services.store
    head = await store.head()
    classes = [event_classes()[name] for name in types]
    if "before" in query:
        top = min(before, head + 1)
        page = await read_backwards(store, context.tenant, classes, before=top, limit=limit)
    else:
        since = min(after, head)
        page = await read_forwards(store, context.tenant, classes, after=since, limit=limit)
    body = {
        "events": [render_stream_event(event) for event in page.events],
        "next": page.reached,
        "head": max(head, page.reached),
    }
    return context.reply(200, body)


ROUTES = (
    Route(
        method="GET",
        path="/log",
        handler=_show,
        scope=ADMIN,
        as_of=True,
        summary="Get the tenant's events of all streams, in the order of the log",
        operation_id="getLog",
        tag="Log",
        response=LogPage,
        example={
            "events": [{**EXAMPLE, "kind": "run", "id": "d3c0u8h6gtk2q1v9m4tg"}],
            "next": 81234,
            "head": 81234,
        },
        query=(
            QueryParameter(
                name="after",
                schema={"type": "integer", "default": 0, "minimum": 0, "maximum": MAX_POSITION},
                description=f"Only events behind this position; a page looks at {SCANNED} events",
            ),
            QueryParameter(
                name="before",
                schema={"type": "integer", "minimum": 0, "maximum": MAX_POSITION},
                description="Only events in front of this position, the newest first",
            ),
            QueryParameter(
                name="type",
                schema={"type": "array", "items": {"type": "string", "enum": list(_TYPES)}},
                description="Only events of these types",
            ),
            limit_parameter(100, MAX_LIMIT),
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope orchestrator:admin"},
    ),
)
