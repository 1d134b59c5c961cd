"""Starts a run by hand: for a request of a user or a client, not of a trigger."""

from dataclasses import dataclass

from baton.command_api.commands import start_run
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.state import State as Definition
from baton.domain.json import Json, JsonObject
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.projector.views.runs import view as runs


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRun:
    """The run as it was accepted (its status is "pending"), and the position of its request.

    `repeated` is whether an earlier request started the run.
    """

    run: runs.Document
    position: int
    repeated: bool = False


async def start_by_hand(
    context: RequestContext,
    definition: Definition,
    *,
    run_input: Json,
    run_context: JsonObject | None = None,
    correlation_id: str | None = None,
    run_id: str | None = None,
    version: int | None = None,
    traceparent: str | None = None,
) -> AcceptedRun:
    """Request a run of the definition.

    A request that repeats an Idempotency-Key returns the first run as it was accepted, even if it
    has ended meanwhile. Raises InConflict if the definition isn't active, or `version` is disabled.

    Args:
        context: The request.
        definition: The definition.
        run_input: The run's input.
        run_context: The beginning of the run's context; empty by default.
        correlation_id: The caller's own id for the run.
        run_id: The run's id; a new one by default.
        version: A published version; by default the one in force.
        traceparent: The trace context that the run continues in any case; by default that of the
            request, in the role that the installation gives it.
    """
    caller = context.services.installation.caller_of(context.traceparent, BY_HAND.kind)
    command = RequestRun(
        run_id=run_id or context.new_id(),
        definition=definition,
        trigger=BY_HAND,
        actor=context.principal.actor,
        at=context.now(),
        input=run_input,
        context=run_context or {},
        correlation_id=correlation_id,
        traceparent=traceparent or caller.continued,
        linked_traceparent=None if traceparent else caller.linked,
        version=version,
    )
    result = await start_run(context.services, command)
    first = result.recorded[0] if result.recorded else await _request_of(context, command.run_id)
    run = None if first is None else runs.evolve(None, first)
    if run is None:
        message = f"The run {command.run_id} can't be read"
        raise Unavailable(message)
    return AcceptedRun(run=run, position=result.position, repeated=not result.recorded)


async def accepted_before(context: RequestContext, run_id: str) -> AcceptedRun | None:
    """Return a run as it was accepted, None if there is no such run."""
    first = await _request_of(context, run_id)
    run = None if first is None else runs.evolve(None, first)
    if first is None or run is None:
        return None
    return AcceptedRun(run=run, position=first.position, repeated=True)


async def _request_of(context: RequestContext, run_id: str) -> Recorded | None:
    """Return the first event of a run, None if there is no such run."""
    history = await context.services.store.read(stream_name(context.tenant, "run", run_id))
    return history[0] if history else None
