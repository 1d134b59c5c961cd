"""Renders the core's steps as tasks, whichever dialect defined them."""

from collections import Counter
from collections.abc import Mapping
from typing import assert_never

from baton.command_api.dialect.task_graphs import predecessors
from baton.domain.definition.graph import Compute, Decision, Delay, Graph, Step, Sync
from baton.domain.json import JsonObject

PENDING = "pending"


def render_tasks(graph: Graph, statuses: Mapping[str, str] | None = None) -> list[JsonObject]:
    """Return the steps as tasks, in the definition's order.

    Args:
        graph: The steps.
        statuses: The status of tasks by step id; any other task is pending.
    """
    names, needs = task_names(graph), predecessors(graph)
    return [
        {
            "id": step.id,
            "name": names[step.id],
            "type": _type(step),
            "config": _config(step),
            "dependsOn": [names[need] for need in needs[step.id] if need in names],
            "status": (statuses or {}).get(step.id, PENDING),
        }
        for step in graph.steps
    ]


def task_names(graph: Graph) -> dict[str, str]:
    """Return the name of each step as a task, by its id; the names are unique.

    A step without a name of its own, or with one that is also the id of another step, has its id.
    """
    counts = Counter(step.name for step in graph.steps)
    return {
        step.id: step.name
        if step.name and counts[step.name] == 1 and graph.by_id.get(step.name, step) is step
        else step.id
        for step in graph.steps
    }


def _type(step: Step) -> str:
    return step.function if isinstance(step, Compute) else step.kind


def _config(step: Step) -> JsonObject:
    match step:
        case Compute():
            return step.config or {}
        case Delay():
            return {"delayMs": step.delay_ms}
        case Decision() | Sync():
            return {}
    assert_never(step)
