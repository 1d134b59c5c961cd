"""What the functions of a run were given, told anew from its events: no view holds it.

Later steps are given the outputs of all before them, so inputs grow with the square of the steps.
They are therefore shown, in the order of the attempts, as long as they fit into `BUDGET` bytes.
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


async def read_step_inputs(context: RequestContext, run: Run) -> Mapping[str, JsonObject]:
    """Return what each attempt's function was given, by execution id."""
    definition = await context.services.definitions.get(context.tenant, run.definition_id)
    history = await context.services.store.read(stream_name(context.tenant, "run", run.id))
    if definition is None:
        return {}
    graph = definition.versions[run.definition_version].graph
    return inputs_by_execution((cast("Event", one.event) for one in history), graph)


def inputs_by_execution(events: Iterable[Event], graph: Graph) -> Mapping[str, JsonObject]:
    """Fold a run's events, and return the inputs on the way while they fit."""
    found: dict[str, JsonObject] = {}
    state, room = State(), BUDGET
    for event in events:
        if isinstance(event, StepStarted):
            given = _given(state, graph, event.step_id)
            room -= len(orjson.dumps(given))
            if room < 0:
                break
            attempt = execution_id(state.run_id, event.step_id, event.visit, event.attempt)
            found[attempt] = given
        state = evolve(state, event)
    return found


def _given(state: State, graph: Graph, step_id: str) -> JsonObject:
    given: JsonObject = {"input": state.input, "context": state.context, "steps": state.outputs}
    step = graph.by_id.get(step_id)
    if isinstance(step, Compute) and step.config is not None:
        given["config"] = step.config
    return given
