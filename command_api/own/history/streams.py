"""GET /streams/{kind}/{id}/events: the events of one stream, whatever it is about."""

from functools import partial
from typing import Final

from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import integer
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.history.render_event import EXAMPLE, EventRecord, render_event
from baton.command_api.principal import ADMIN, READ
from baton.domain.stream import stream_name

KINDS: Final = ("definition", "run", "schedule", "record", "bulk", "webhook", "delivery")
"""The kinds of streams that a tenant's users may read."""
ADMIN_KINDS: Final = ("access", "api_key", "claim", "user", "verification")
"""The kinds of streams that only administrators of a tenant may read."""
MAX_LIMIT: Final = 1_000
MAX_VERSION: Final = 999_999_999


class StreamPage(BaseModel):
    """Events of a stream; `next` continues after them as `after`, and is missing at the end."""

    events: list[EventRecord]
    next: int | None = None


async def _show_of_admin(context: RequestContext) -> Reply:
    return await _show(context.params["kind"], "streamId", context)


async def _show(kind: str, parameter: str, context: RequestContext) -> Reply:
    after = integer(context.query, "after", 0, at_least=0, at_most=MAX_VERSION)
    limit = integer(context.query, "limit", 100, at_least=1, at_most=MAX_LIMIT)
    stream = stream_name(context.tenant, kind, context.params[parameter])
    events = await context.services.store.read(stream, after=after)
    if not events and not (after and await context.services.store.read(stream)):
        message = f"The tenant has no stream of the kind '{kind}' with this id"
        raise Refused("not_found", message)
    shown = events[:limit]
    body = {
        "events": [render_event(event) for event in shown],
        "next": shown[-1].version if len(events) > limit else None,
    }
    return context.reply(200, without_none(body))


def _route(kind: str) -> Route:
    return Route(
        method="GET",
        path=f"/streams/{kind}/{{{kind}Id}}/events",
        handler=partial(_show, kind, f"{kind}Id"),
        scope=READ,
        as_of=True,
        summary=f"Get the events of a {kind} by their versions",
        operation_id=f"get{kind.capitalize()}Stream",
        tag="Log",
        response=StreamPage,
        example={"events": [EXAMPLE]},
        query=_QUERY,
        problems=_PROBLEMS,
    )


_QUERY: Final = (
    QueryParameter(
        name="after",
        schema={"type": "integer", "default": 0, "minimum": 0, "maximum": MAX_VERSION},
        description="Only events with a higher version",
    ),
    limit_parameter(100, MAX_LIMIT),
)
_PROBLEMS: Final = {
    400: "Invalid parameter",
    403: "The token lacks the scope",
    404: "The tenant has no such stream",
}

ROUTES = (
    *map(_route, KINDS),
    Route(
        method="GET",
        path=f"/streams/{{kind:{'|'.join(ADMIN_KINDS)}}}/{{streamId}}/events",
        handler=_show_of_admin,
        scope=ADMIN,
        as_of=True,
        summary=f"Get the events of one {' or '.join(ADMIN_KINDS)} by their versions",
        operation_id="getAdminStream",
        tag="Log",
        response=StreamPage,
        query=_QUERY,
        problems=_PROBLEMS,
    ),
)
