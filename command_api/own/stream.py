"""The live stream of run events, in the core's words.

A WebSocket sends one JSON line a message; without `Upgrade` the response is NDJSON without an end,
or server-sent events (Accept: text/event-stream), whose `Last-Event-ID` resumes like `after`.
With `topics` the stream is one for the pages of a browser, which read again what it names.
Every line has the members of `StreamedEvent`, those without a value left out. A stream begins with
the next event, or behind the position `after`. Unknown parameters are refused, because a filter
that isn't applied would go unnoticed.
"""

from aiohttp import web
from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import choices, known_only, single
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.request_context import RequestContext
from baton.command_api.live.changes import Changes, parse_topics
from baton.command_api.live.live_event import LiveEvent
from baton.command_api.live.live_feed import TooManySubscribers
from baton.command_api.live.subscription import EventFilter
from baton.command_api.own import render_error
from baton.command_api.own.runs.render_run import STATUSES
from baton.command_api.principal import READ
from baton.command_api.streaming.change_sender import ChangeSender
from baton.command_api.streaming.sse import EVENT_STREAM
from baton.command_api.streaming.stream import position_after, stream_events, stream_frames
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject
from baton.projector.views.run_steps.view import Status as StepStatus
from baton.projector.views.runs.view import Status as RunStatus
from baton.protocols.iso_time import format_time

WITH_TOPICS = ("topics", "after")


class StreamedEvent(BaseModel):
    """One event of a run.

    `type` is the event's type as exports name it, `version` its number in the run, `position` its
    place in the log. `status` is the run's status after the event, `stepStatus` that of the attempt
    which the event is about.
    """

    position: int
    type: str
    at: str
    runId: str  # noqa: N815 - the names of the JSON
    version: int
    definitionId: str  # noqa: N815
    slug: str | None = None
    status: RunStatus
    stepId: str | None = None  # noqa: N815
    visit: int | None = None
    attempt: int | None = None
    stepStatus: StepStatus | None = None  # noqa: N815
    traceparent: str | None = None


async def _stream(context: RequestContext) -> web.StreamResponse:
    if "topics" in context.query:
        return await _stream_changes(context)
    wanted = await _filter(context)
    return await stream_events(context, wanted, render_error)


async def _stream_changes(context: RequestContext) -> web.StreamResponse:
    known_only(context.query, WITH_TOPICS)
    topics = parse_topics(single(context.query, "topics") or "")
    if topics is None:
        raise refused_field("topics must be of runs, run:ID, stats and log, with commas", "topics")
    after, services = position_after(context), context.services
    if after is not None and after > (head := await services.store.head()):
        raise refused_field(f"after lies beyond the end of the log, which is {head}", "after")
    sender = ChangeSender(Changes(topics, context.tenant), services, after=after)
    wanted = EventFilter(tenant=context.tenant, render=render_event, no_event=True)
    try:
        with services.live.watching_log(sender.watch):
            return await stream_frames(context, wanted, render_error, sender.send)
    except TooManySubscribers:
        message = "Too many browsers have an open stream at this server"
        raise Refused("rate_limited", message, headers={"Retry-After": "5"}) from None


async def _filter(context: RequestContext) -> EventFilter:
    run_id = single(context.query, "run")
    if run_id is not None and await context.services.runs.get(context.tenant, run_id) is None:
        raise NotFound("run", run_id)
    return EventFilter(
        tenant=context.tenant,
        render=render_event,
        definition=single(context.query, "definition"),
        run_id=run_id,
        statuses=frozenset(choices(context.query, "status", STATUSES)),
    )


def render_event(event: LiveEvent) -> JsonObject:
    """Return an event with the members of `StreamedEvent`."""
    step = event.step
    return without_none(
        {
            "position": event.position,
            "type": event.type,
            "at": format_time(event.at),
            "runId": event.run_id,
            "version": event.version,
            "definitionId": event.definition_id,
            "slug": event.slug,
            "status": event.status,
            "stepId": None if step is None else step.step_id,
            "visit": None if step is None else step.visit,
            "attempt": None if step is None else step.attempt,
            "stepStatus": None if step is None else step.status,
            "traceparent": event.traceparent,
        }
    )


_EXAMPLE: JsonObject = {
    "position": 81234,
    "type": "run.StepSucceeded",
    "at": "2026-01-05T09:00:00.250Z",
    "runId": "d3c0u8h6gtk2q1v9m4tg",
    "version": 4,
    "definitionId": "d3c0u7p6gtk2q1v9m4s0",
    "slug": "order-processing",
    "status": "running",
    "stepId": "validate",
    "visit": 1,
    "attempt": 1,
    "stepStatus": "succeeded",
}

ROUTES = (
    Route(
        method="GET",
        path="/stream",
        handler=_stream,
        scope=READ,
        summary="Stream the events of runs as they happen",
        operation_id="streamEvents",
        tag="Runs",
        response=StreamedEvent,
        example=_EXAMPLE,
        live=True,
        content={EVENT_STREAM: {"type": "string"}},
        query=(
            QueryParameter(
                name="definition",
                schema={"type": "string"},
                description="Id or slug of a definition",
            ),
            QueryParameter(
                name="status",
                schema={"type": "array", "items": {"type": "string", "enum": list(STATUSES)}},
                description="Statuses of the run after the event",
            ),
            QueryParameter(name="run", schema={"type": "string"}, description="Id of a run"),
            QueryParameter(
                name="after",
                schema={"type": "integer", "minimum": 0},
                description="Position to resume behind; without it the stream begins now",
            ),
            QueryParameter(
                name="topics",
                schema={"type": "string"},
                description="Instead of filters: runs, run:ID, stats and log, with commas between."
                " The stream says what changed, at most ten times a second",
            ),
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope, or the request comes from a page of another site",
            404: "The tenant has no such run",
            429: "Too many streams of the tenant",
            503: "The views can't be read now, or the server stops",
        },
    ),
)
