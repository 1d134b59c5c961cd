"""The steps of a graph as tasks: their dependencies, and whether tasks can express the graph."""

from baton.domain.definition.graph import Compute, Graph, Step
from baton.domain.run.flow import edges_of, possible_successors


def predecessors(graph: Graph) -> dict[str, list[str]]:
    """Return for each step the ids of the steps after which it may start."""
    found: dict[str, list[str]] = {step.id: [] for step in graph.steps}
    for before, after in edges_of(graph):
        if after in found:
            found[after].append(before)
    return found


def can_express(graph: Graph, kinds: tuple[type, ...] = (Compute,)) -> bool:
    """Return whether tasks can express the graph, apart from settings that each task may keep.

    They can't express conditions, branches, loops, and steps of other kinds than `kinds`.
    """
    if any(step.when for step in graph.steps):
        return False
    if not all(isinstance(step, kinds) for step in graph.steps):
        return False
    return graph.flow == "needs" or _is_line(graph)


def _is_line(graph: Graph) -> bool:
    """Return whether the steps follow each other from the first one on, each of them once."""
    seen: set[str] = set()
    step: Step | None = graph.steps[0]
    while step is not None and step.id not in seen:
        seen.add(step.id)
        step = next((graph.by_id[successor] for successor in possible_successors(step)), None)
    return step is None and len(seen) == len(graph.steps)
