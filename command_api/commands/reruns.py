"""Reruns: starts a new run that copies outcomes of another run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.command_api.commands.runs import require_plain, start_run
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.artifact import UnreadableValue, artifacts_in, with_values
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Graph
from baton.domain.definition.state import State as Definition
from baton.domain.errors import InConflict, NotFound
from baton.domain.json import Json, JsonObject
from baton.domain.merge_patch import merge_patch
from baton.domain.run.control.rerun_plan import CannotBranch, RerunPlan, RerunStart, plan_rerun
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import Event
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.state import State as Run
from baton.domain.run.trigger import Branch, ByRerun
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import load
from baton.protocols.trace_context import NO_CALLER, Caller

Version: TypeAlias = int | Literal["pinned", "latest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """The request to run a run again.

    Args:
        start: Where it begins, and outputs that the request supplies.
        version: The source's version ("pinned"), the one in force ("latest"), or its number.
        input_patch: A merge patch (RFC 7396) of the source's input.
        context_patch: A merge patch of the context that the rerun copies.
        reason: A text for the record.
    """

    start: RerunStart
    version: Version = "pinned"
    input_patch: JsonObject | None = None
    context_patch: JsonObject | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A planned rerun: the plan, and the command that starts it."""

    plan: RerunPlan
    command: RequestRun


async def plan(
    services: Services,
    principal: Principal,
    run_id: str,
    rerun: Rerun,
    *,
    at: int,
    new_run_id: str,
    caller: Caller = NO_CALLER,
) -> Planned:
    """Return the steps that the rerun copies and runs, without starting anything.

    Raises NotFound, CannotBranch and Invalid, and InConflict if the rerun begins at the failure of
    a run that hasn't ended.
    """
    require_plain("reason", rerun.reason)
    tenant = principal.tenant
    recorded = await services.store.read(stream_name(tenant, "run", run_id))
    if not recorded:
        raise NotFound("run", run_id)
    history: list[Event] = [stored.event for stored in recorded]
    source = RUN.fold(history)
    if rerun.start.at == "failed" and not source.final:
        raise InConflict("run_unfinished", status=source.status)
    stream = stream_name(tenant, "definition", source.definition_id)
    definition = (await load(services.store, DEFINITION, stream)).state
    version = _number(definition, source, rerun.version)
    branch_plan = plan_rerun(_graph(definition, version), source, history, rerun.start)
    values = await _patched(services, tenant, history, branch_plan, rerun)
    command = RequestRun(
        run_id=new_run_id,
        definition=definition,
        trigger=ByRerun(run_id=run_id, from_step=rerun.start.step_id),
        actor=principal.actor,
        at=at,
        input=values[0],
        context=values[1],
        correlation_id=_requested(history).correlation_id,
        traceparent=caller.continued,
        linked_traceparent=caller.linked,
        version=version,
        branch=_branch(run_id, recorded, branch_plan, rerun),
    )
    return Planned(plan=branch_plan, command=command)


async def start_rerun(services: Services, planned: Planned) -> int:
    """Start a planned rerun and return its position; raises the errors of `start_run`."""
    return (await start_run(services, planned.command)).position


def _number(definition: Definition, source: Run, version: Version) -> int:
    match version:
        case "pinned":
            return source.definition_version
        case "latest":
            return definition.version
        case _:
            return version


def _graph(definition: Definition, version: int) -> Graph:
    if not definition.version or definition.deleted:
        raise NotFound("definition", definition.definition_id)
    body = definition.versions.get(version)
    if body is None:
        message = f"The definition has no version {version}"
        raise CannotBranch.at("version", message)
    return body.graph


async def _patched(
    services: Services, tenant: str, history: Sequence[Event], branch_plan: RerunPlan, rerun: Rerun
) -> tuple[Json, JsonObject]:
    """Return the input and the context of the rerun, with their large values."""
    run_input: Json = _requested(history).input
    context: Json = branch_plan.context
    artifacts = [*artifacts_in(run_input), *artifacts_in(context)]
    values = await services.values.load(tenant, artifacts)
    for value in values.values():
        if isinstance(value, UnreadableValue):
            message = f"The input or the context can't be read: {value.reason}"
            raise CannotBranch.at("runId", message)
    run_input, context = with_values(run_input, values), with_values(context, values)
    if rerun.input_patch is not None:
        run_input = merge_patch(run_input, rerun.input_patch)
    if rerun.context_patch is not None:
        context = merge_patch(context, rerun.context_patch)
    return run_input, context if isinstance(context, dict) else {}


def _requested(history: Sequence[Event]) -> RunRequested:
    first = history[0]
    if not isinstance(first, RunRequested):
        raise NotFound("run")
    return first


def _branch(
    run_id: str, recorded: Sequence[Recorded], branch_plan: RerunPlan, rerun: Rerun
) -> Branch:
    newest = recorded[-1]
    return Branch(
        source=run_id,
        source_version=newest.version,
        position=newest.position,
        copied=branch_plan.copied,
        entry=branch_plan.entry,
        reason=rerun.reason,
    )
