"""Faults of the edges between steps: unknown or repeated ids, cycles of needs."""

from collections.abc import Iterator

from baton.domain.definition.condition_faults import Path
from baton.domain.definition.graph import Compute, Decision, Graph, Step
from baton.domain.errors import Fault

_MAX_NAMED = 10
"""The number of steps of a cycle that a message names."""


def faults_of_edges(graph: Graph) -> Iterator[Fault]:
    """Yield the faults of the edges of `graph`."""
    yield from _repeated_ids(graph)
    for index, step in enumerate(graph.steps):
        path = ("steps", index)
        if graph.flow == "next":
            yield from _faults_of_next(graph, step, path)
        else:
            yield from _faults_of_needs(graph, step, path)
    if graph.flow == "needs":
        yield from _cycles(graph)


def _repeated_ids(graph: Graph) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, step in enumerate(graph.steps):
        if step.id in seen:
            yield Fault(("steps", index, "id"), f"'{step.id}' is used by another step")
        seen.add(step.id)


def _faults_of_next(graph: Graph, step: Step, path: Path) -> Iterator[Fault]:
    if step.needs:
        yield Fault((*path, "needs"), "can't be combined with next steps")
    for member, target in _targets(step):
        if target not in graph.by_id:
            yield Fault((*path, *member), f"names the unknown step '{target}'")


def _targets(step: Step) -> Iterator[tuple[Path, str]]:
    """Yield the ids of the steps that may follow `step`, each with the path of its member."""
    if isinstance(step, Decision):
        for index, case in enumerate(step.cases):
            if case.next is not None:
                yield ("cases", index, "next"), case.next
        if step.default_next is not None:
            yield ("default_next",), step.default_next
        return
    if step.next is not None:
        yield ("next",), step.next
    if isinstance(step, Compute) and step.on_success_next is not None:
        yield ("on_success_next",), step.on_success_next


def _faults_of_needs(graph: Graph, step: Step, path: Path) -> Iterator[Fault]:
    if isinstance(step, Decision):
        yield Fault((*path, "kind"), "a decision can't be combined with dependencies")
    else:
        for member, _ in _targets(step):
            yield Fault((*path, *member), "can't be combined with dependencies")
    for index, need in enumerate(step.needs):
        if need == step.id:
            yield Fault((*path, "needs", index), f"'{need}' cannot need itself")
        elif need not in graph.by_id:
            yield Fault((*path, "needs", index), f"names the unknown step '{need}'")


def _cycles(graph: Graph) -> Iterator[Fault]:
    """Yield one fault that names the steps on cycles of needs."""
    needs = {
        step.id: {need for need in step.needs if need in graph.by_id and need != step.id}
        for step in graph.steps
    }
    cyclic = _without_sources(_reversed(_without_sources(needs)))
    if not cyclic:
        return
    index = next(at for at, step in enumerate(graph.steps) if step.id in cyclic)
    names = [step.id for step in graph.steps if step.id in cyclic]
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    message = f"these steps need each other in a cycle: {', '.join(names[:_MAX_NAMED])}{more}"
    yield Fault(("steps", index, "needs"), message)


def _without_sources(needs: dict[str, set[str]]) -> dict[str, set[str]]:
    """Remove steps without needs until every step needs another one, and return the rest.

    The rest consists of the cycles and all steps that need a step of a cycle.
    """
    open_needs = {step_id: len(its) for step_id, its in needs.items()}
    dependents = _reversed(needs)
    free = [step_id for step_id, count in open_needs.items() if not count]
    while free:
        done = free.pop()
        del open_needs[done]
        for dependent in dependents[done]:
            open_needs[dependent] -= 1
            if not open_needs[dependent]:
                free.append(dependent)
    return {step_id: needs[step_id] & open_needs.keys() for step_id in open_needs}


def _reversed(needs: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the dependents of each step, given the needs of each step."""
    dependents: dict[str, set[str]] = {step_id: set() for step_id in needs}
    for step_id, its in needs.items():
        for need in its:
            dependents[need].add(step_id)
    return dependents
