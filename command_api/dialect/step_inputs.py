"""Reconstructs each attempt's input by folding the run's events.

Views don't store inputs: every step receives the outputs of all earlier steps, so the inputs of a
run grow with the square of its steps. For the same reason a response holds a limited part of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from baton.command_api.dialect.run_values import MAX_INPUTS, load_values, named
from baton.command_api.http.request_context import RequestContext
from baton.domain.artifact import Artifact, Values, artifacts_in, with_values
from baton.domain.definition.graph import Compute, Graph
from baton.domain.json import JsonObject
from baton.domain.run.execution_id import execution_id
from baton.domain.run.fold import evolve
from baton.domain.run.messages import Event
from baton.domain.run.messages.step_events import StepStarted
from baton.domain.run.state import State
from baton.domain.stream import stream_name
from baton.eventlog.run_values import size_of
from baton.projector.views.runs.view import Document as Run


async def read_step_inputs(
    context: RequestContext, run: Run, *, budget: int = MAX_INPUTS
) -> Mapping[str, JsonObject]:
    """Return the input of each attempt by execution id, within `budget` bytes of JSON.

    The earliest attempts come first. Large values are named where they don't fit.
    """
    definition = await context.services.definitions.get(context.tenant, run.definition_id)
    history = await context.services.store.read(stream_name(context.tenant, "run", run.id))
    if definition is None:
        return {}
    graph = definition.versions[run.definition_version].graph
    events = (cast("Event", stored.event) for stored in history)
    inputs = inputs_by_execution(events, graph, budget=budget)
    shown = {artifact for step_input in inputs.values() for artifact in _artifacts(step_input)}
    if not shown:
        return inputs
    values = await load_values(context, shown)
    return {execution: _with_values(step_input, values) for execution, step_input in inputs.items()}


def inputs_by_execution(
    events: Iterable[Event], graph: Graph, *, budget: int = MAX_INPUTS
) -> Mapping[str, JsonObject]:
    """Return the input of each attempt in `events`, up to the first one that exceeds `budget`.

    The caller must replace the artifacts in it by their values, which the budget includes.
    """
    inputs: dict[str, JsonObject] = {}
    state, bytes_left = State(), budget
    for event in events:
        if isinstance(event, StepStarted):
            step_input = _step_input(state, graph, event.step_id)
            size = size_of(step_input) + sum(artifact.bytes for artifact in _artifacts(step_input))
            if size > bytes_left and state.artifacts:
                names = {artifact.sha256: named(artifact) for artifact in _artifacts(step_input)}
                step_input = _with_values(step_input, names)
                size = size_of(step_input)
            bytes_left -= size
            if bytes_left < 0:
                break
            attempt = execution_id(state.run_id, event.step_id, event.visit, event.attempt)
            inputs[attempt] = step_input
        state = evolve(state, event)
    return inputs


def _artifacts(step_input: JsonObject) -> Iterator[Artifact]:
    return (artifact for member in step_input.values() for artifact in artifacts_in(member))


def _with_values(step_input: JsonObject, values: Values) -> JsonObject:
    return {name: with_values(member, values) for name, member in step_input.items()}


def _step_input(state: State, graph: Graph, step_id: str) -> JsonObject:
    step_input: JsonObject = {
        "input": state.input,
        "context": state.context,
        "steps": state.outputs,
    }
    step = graph.by_id.get(step_id)
    if isinstance(step, Compute) and step.config is not None:
        step_input["config"] = step.config
    return step_input
