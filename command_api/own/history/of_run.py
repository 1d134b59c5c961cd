"""GET /runs/{runId}/events: the events of a run, in their order."""

from collections.abc import Iterator, Sequence
from typing import Final, get_args

from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import choices, integer, single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.history.render_event import EXAMPLE, EventRecord, render_event
from baton.command_api.principal import READ
from baton.command_api.streaming.stream import MAX_POSITION
from baton.domain.run.messages import Event
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import topics_of
from baton.eventlog.events.envelope import Recorded

MAX_LIMIT: Final = 1_000
_TYPES: Final = tuple(topics_of(get_args(Event)))


class RunEventPage(BaseModel):
    """Events of a run; `next` continues after them as `after`, and is missing at the end."""

    events: list[EventRecord]
    next: int | None = None


async def _show(context: RequestContext) -> Reply:
    query = context.query
    after = integer(query, "after", 0, at_least=0, at_most=MAX_POSITION)
    before = integer(query, "before", MAX_POSITION, at_least=0, at_most=MAX_POSITION)
    limit = integer(query, "limit", 100, at_least=1, at_most=MAX_LIMIT)
    types, step_id = choices(query, "type", _TYPES), single(query, "stepId")
    run = await load_run(context, context.params["runId"])
    recorded = await context.services.store.read(stream_name(context.tenant, "run", run.id))
    between = (stored for stored in recorded if after < stored.position < before)
    matching = list(_wanted(between, frozenset(_classes(types)), step_id))
    body = {
        "events": [render_event(stored) for stored in matching[:limit]],
        "next": matching[limit - 1].position if len(matching) > limit else None,
    }
    return context.reply(200, without_none(body))


def _wanted(
    events: Iterator[Recorded], classes: frozenset[str], step_id: str | None
) -> Iterator[Recorded]:
    for stored in events:
        if classes and type(stored.event).__name__ not in classes:
            continue
        if step_id is None or getattr(stored.event, "step_id", None) == step_id:
            yield stored


def _classes(types: Sequence[str]) -> Iterator[str]:
    return (topic.partition(".")[2] for topic in types)


_POSITION: Final = {"type": "integer", "minimum": 0, "maximum": MAX_POSITION}
_QUERY: Final = (
    QueryParameter(name="after", schema=_POSITION, description="Only events behind this position"),
    QueryParameter(
        name="before", schema=_POSITION, description="Only events in front of this position"
    ),
    QueryParameter(
        name="type",
        schema={"type": "array", "items": {"type": "string", "enum": list(_TYPES)}},
        description="Only events of these types",
    ),
    QueryParameter(
        name="stepId", schema={"type": "string"}, description="Only events of this step"
    ),
    limit_parameter(100, MAX_LIMIT),
)

ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}/events",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get the recorded events of a run",
        operation_id="getRunEvents",
        tag="Runs",
        response=RunEventPage,
        example={"events": [EXAMPLE]},
        query=_QUERY,
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run",
        },
    ),
)
