"""Streams the events of runs, with the members of the API's document.

A run that is requested or reopened is `run.updated`; every event of a step is `step.updated`, whose
`status` is the step's. `dagId` and `status` select events by the members of these names; `status`
may be given several times. An empty value selects every event, as in the document's template.
Unknown parameters are refused, because a filter that isn't applied would go unnoticed.
"""

from collections.abc import Mapping
from typing import Final, get_args

from aiohttp import web
from multidict import MultiDict

from baton.command_api.dialects.orchestrator.documents import StepStatus
from baton.command_api.dialects.orchestrator.errors import render_error
from baton.command_api.dialects.orchestrator.render_runs import STATUS_WORDS
from baton.command_api.dialects.orchestrator.traces import trace_id, traceparent_of
from baton.command_api.http.query_parameters import choices, known_only, single
from baton.command_api.http.request_context import RequestContext
from baton.command_api.live.live_event import LiveEvent
from baton.command_api.live.subscription import EventFilter
from baton.command_api.streaming.stream import stream_events
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time

PARAMETERS: Final = ("dagId", "status", "after")
STATUSES: Final = get_args(StepStatus)
_EVENTS: Final[Mapping[str, str]] = {
    "run.RunStarted": "run.started",
    "run.RunCompleted": "run.completed",
    "run.RunFailed": "run.failed",
    "run.RunCancelled": "run.cancelled",
}


async def stream(context: RequestContext) -> web.StreamResponse:
    """Stream the events of the tenant's runs; raises Refused and `Unavailable`."""
    known_only(context.query, PARAMETERS)
    query = MultiDict((name, value) for name, value in context.query.items() if value)
    event_filter = EventFilter(
        tenant=context.tenant,
        render=render_event,
        definition=single(query, "dagId"),
        statuses=frozenset(choices(query, "status", STATUSES)),
    )
    return await stream_events(context, event_filter, render_error, traceparent_of(context))


def render_event(event: LiveEvent) -> JsonObject:
    """Return an event with the members of the document's `RunEvent`."""
    step = event.step
    of_step = {} if step is None else {"stepId": step.step_id}
    return {
        "event": _EVENTS.get(event.type, "run.updated") if step is None else "step.updated",
        "tenant": event.tenant,
        "dagId": event.slug or event.definition_id,
        "runId": event.run_id,
        **of_step,
        "status": STATUS_WORDS[event.status] if step is None else step.status,
        "timestamp": format_time(event.at),
        "traceId": trace_id(event.run_id, event.traceparent),
        "position": event.position,
    }
