"""A run that is asked for by hand: what both dialects do, before each answers in its words."""

from collections.abc import Sequence

from baton.command_api.commands import NewRun, start_run
from baton.command_api.dialects.centrali.load import definition_of
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.projector.views.runs import view as runs


async def start_manually(
    context: RequestContext, *, run_input: JsonObject | None, correlation_id: str | None
) -> tuple[runs.Document, int]:
    """Request a run of the orchestration that the path names.

    Returns the run as it was accepted (pending), and the position it stands at. Raises Refused 404,
    InConflict when the orchestration's status starts nothing.
    """
    definition = await definition_of(context, context.params["orchestrationId"])
    new = NewRun(
        run_id=context.new_id(),
        input={} if run_input is None else run_input,
        correlation_id=correlation_id,
        traceparent=context.traceparent,
    )
    outcome = await start_run(
        context.services, context.principal, definition, new, at=context.now()
    )
    return await _as_accepted(context, new.run_id, outcome.recorded), outcome.position


async def _as_accepted(
    context: RequestContext, run_id: str, recorded: Sequence[Recorded]
) -> runs.Document:
    """Return the run as its first event left it, however far a repeated request finds it."""
    stream = stream_name(context.tenant, "run", run_id)
    history = recorded or await context.services.store.read(stream)
    accepted = runs.evolve(None, history[0]) if history else None
    if accepted is None:
        message = "The run cannot be read now; try again"
        raise Refused("unavailable", message)
    return accepted
