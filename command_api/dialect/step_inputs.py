"""Reconstructs each attempt's input by folding the run's events.

Views don't store inputs: every step receives the outputs of all earlier steps, so the inputs of a
run grow with the square of its steps. For the same reason a response holds at most `BUDGET` bytes.
"""

from collections.abc import Iterable, Mapping
from typing import cast

import orjson

from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.graph import Compute, Graph
from baton.domain.json import JsonObject
from baton.domain.run.execution_id import execution_id
from baton.domain.run.messages import Event, StepStarted
from baton.domain.run.state import State, evolve
from baton.domain.stream import stream_name
from baton.projector.views.runs.view import Document as Run

BUDGET = 4 * 1024 * 1024
"""Bytes of inputs, as JSON, that one response may hold; the earliest attempts come first."""


async def read_step_inputs(context: RequestContext, run: Run) -> Mapping[str, JsonObject]:
    """Return the input of each attempt by execution id, within `BUDGET`."""
    definition = await context.services.definitions.get(context.tenant, run.definition_id)
    history = await context.services.store.read(stream_name(context.tenant, "run", run.id))
    if definition is None:
        return {}
    graph = definition.versions[run.definition_version].graph
    return inputs_by_execution((cast("Event", one.event) for one in history), graph)


def inputs_by_execution(events: Iterable[Event], graph: Graph) -> Mapping[str, JsonObject]:
    """Return the input of each attempt among `events`, up to the first beyond `BUDGET`."""
    found: dict[str, JsonObject] = {}
    state, bytes_left = State(), BUDGET
    for event in events:
        if isinstance(event, StepStarted):
            step_input = _step_input(state, graph, event.step_id)
            bytes_left -= len(orjson.dumps(step_input))
            if bytes_left < 0:
                break
            attempt = execution_id(state.run_id, event.step_id, event.visit, event.attempt)
            found[attempt] = step_input
        state = evolve(state, event)
    return found


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
