"""Renders the core's steps as tasks, whichever dialect defined them."""

from collections import Counter
from collections.abc import Mapping
from typing import assert_never

from baton.domain.definition.graph import Compute, Decision, Delay, Graph, Step, Sync
from baton.domain.json import JsonObject
from baton.domain.run.flow import edges_of, possible_successors

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


def predecessors(graph: Graph) -> dict[str, list[str]]:
    """Return for each step the ids of the steps after which it may start."""
    found: dict[str, list[str]] = {step.id: [] for step in graph.steps}
    for before, after in edges_of(graph):
        if after in found:
            found[after].append(before)
    return found


def can_express(graph: Graph) -> bool:
    """Return whether tasks can express the graph, but for settings that each task may keep.

    They can't express steps other than calls of functions, conditions, branches and loops.
    """
    calls = [step for step in graph.steps if isinstance(step, Compute) and not step.when]
    if len(calls) < len(graph.steps):
        return False
    return graph.flow == "needs" or _is_line(graph)


def _is_line(graph: Graph) -> bool:
    """Return whether the steps follow each other from the first one on, each of them once."""
    seen: set[str] = set()
    step: Step | None = graph.steps[0]
    while step is not None and step.id not in seen:
        seen.add(step.id)
        step = next((graph.by_id[one] for one in possible_successors(step)), None)
    return step is None and len(seen) == len(graph.steps)


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
