"""Starting, cancelling and retrying runs, and testing a decision step without a run."""

from collections.abc import Mapping

from baton.command_api.commands.open_runs import admit_run, admitted_run
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.artifact import Values
from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.conditions.matching import all_hold, choose
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Decision, Graph
from baton.domain.errors import Fault, InConflict, Invalid, NotFound
from baton.domain.json import Json
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import CancelRun, RequestRun, RetryRun
from baton.domain.run.state import State as Run
from baton.domain.stream import stream_name
from baton.domain.text import NOT_PLAIN, is_plain
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.loops.transact import CommandResult, transact
from baton.eventlog.run_values import measure


async def start_run(services: Services, command: RequestRun) -> CommandResult[Run]:
    """Request a run of the command's definition; a run id that exists already starts nothing.

    Raises NotFound for a deleted definition, InConflict for one that isn't active, Refused 429 for
    a tenant with too many unfinished runs.
    """
    require_plain("correlationId", command.correlation_id)
    await admit_run(services, command.definition.tenant)
    stream = stream_name(command.definition.tenant, "run", command.run_id)
    # Nearly every run is new, so the stream isn't read: the append detects the rare repetition.
    known = StreamState(RUN.initial, 0)
    if measure(command):
        known = await load(services.store, RUN, stream)
        if not RUN.decide(command, known.state):
            at = known.position
            return CommandResult(state=known.state, recorded=(), position=at, reloaded=True)
        # Stored only now: nothing refers to the values of a request that is refused or repeated.
        command = await services.values.store_large(command)
    return await transact(services.store, RUN, stream, command, known=known)


async def cancel_run(
    services: Services, principal: Principal, run_id: str, *, at: int, reason: str | None = None
) -> CommandResult[Run]:
    """Cancel a run; raises NotFound, and InConflict if it has completed or failed."""
    require_plain("reason", reason)
    command = CancelRun(actor=principal.actor, at=at, reason=reason)
    stream = stream_name(principal.tenant, "run", run_id)
    return await transact(services.store, RUN, stream, command)


def require_released(services: Services) -> None:
    """Raise InConflict (`server_held`) while the server is held: steps would start at once."""
    if services.hold.held:
        raise InConflict("server_held")


async def retry_run(
    services: Services, principal: Principal, run_id: str, *, at: int, step_id: str | None = None
) -> CommandResult[Run]:
    """Reopen a failed or cancelled run at its failed steps, or at the step `step_id`.

    Raises NotFound, InConflict if the run has nothing to retry or the server is held, Refused 429
    for a tenant with too many unfinished runs.
    """
    tenant = principal.tenant
    graph = await graph_of(services, tenant, run_id)
    require_released(services)
    stream = stream_name(tenant, "run", run_id)

    async def decide(values: Values) -> CommandResult[Run]:
        command = RetryRun(
            graph=graph, actor=principal.actor, at=at, step_id=step_id, values=values or None
        )
        return await transact(services.store, RUN, stream, command)

    async with admitted_run(services, tenant) as admitted:
        result = await services.values.decided(tenant, decide)
        admitted.used = bool(result.recorded)
    return result


def test_decision(graph: Graph, step_id: str, data: Mapping[str, Json]) -> DecisionResult:
    """Evaluate a decision step.

    Args:
        graph: The steps of a definition.
        step_id: The id of the step.
        data: The scope `{input?, context?, steps?}`; without any of these keys it is the input.

    Raises:
        NotFound: The graph has no such step.
        Invalid: The step isn't a decision step.

    """
    step = graph.by_id.get(step_id)
    if step is None:
        raise NotFound("step", step_id)
    if not isinstance(step, Decision):
        message = f"Step '{step_id}' is not a decision step"
        raise Invalid(message, faults=[Fault(("stepId",), "must name a decision step")])
    scope: dict[str, Json] = {"input": {}, "context": {}, "steps": {}}
    known = {name: data[name] for name in scope if name in data}
    scope |= known or {"input": dict(data)}
    considered = step.cases if all_hold(step.when, scope) else ()
    return choose(considered, step.default_next, scope)


async def graph_of(services: Services, tenant: str, run_id: str) -> Graph:
    """Return the graph of the version that a run started with; raises NotFound."""
    run = (await load(services.store, RUN, stream_name(tenant, "run", run_id))).state
    stream = stream_name(tenant, "definition", run.definition_id)
    definition = (await load(services.store, DEFINITION, stream)).state
    version = definition.versions.get(run.definition_version)
    if version is None:
        raise NotFound("run", run_id)
    return version.graph


def require_plain(name: str, text: str | None) -> None:
    """Raise Invalid for a text with characters that can't be shown on one line."""
    if text is not None and not is_plain(text):
        message = "A text that is shown in one line has other characters"
        raise Invalid(message, faults=[Fault((name,), NOT_PLAIN)])
