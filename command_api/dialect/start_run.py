"""Starting a run by hand: the request of a user or a client, not of a trigger."""

from collections.abc import Sequence
from dataclasses import dataclass

from baton.command_api.commands import start_run
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.state import State as Definition
from baton.domain.json import Json
from baton.domain.run.messages import RequestRun
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.projector.views.runs import view as runs


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRun:
    """The run as it was accepted (its status is "pending"), and the position of its request."""

    run: runs.Document
    position: int


async def start_by_hand(
    context: RequestContext,
    definition: Definition,
    *,
    run_input: Json,
    correlation_id: str | None = None,
) -> AcceptedRun:
    """Request a run of the definition's newest version.

    A request that repeats an Idempotency-Key returns the first run as it was accepted, even if it
    has ended meanwhile. Raises InConflict if the definition isn't active.
    """
    command = RequestRun(
        run_id=context.new_id(),
        definition=definition,
        trigger=BY_HAND,
        actor=context.principal.actor,
        at=context.now(),
        input=run_input,
        correlation_id=correlation_id,
        traceparent=context.traceparent,
    )
    result = await start_run(context.services, command)
    run = await _as_accepted(context, command.run_id, result.recorded)
    return AcceptedRun(run=run, position=result.position)


async def _as_accepted(
    context: RequestContext, run_id: str, recorded: Sequence[Recorded]
) -> runs.Document:
    """Return the run's document after its first event.

    `recorded` is empty for a repeated request, whose events were appended by the first one.
    """
    stream = stream_name(context.tenant, "run", run_id)
    history = recorded or await context.services.store.read(stream)
    document = runs.evolve(None, history[0]) if history else None
    if document is None:
        message = f"The run {run_id} can't be read"
        raise Unavailable(message)
    return document
