"""Which steps are ready next: the two ways of joining steps behind one function."""

from collections.abc import Iterable

from baton.domain.definition.graph import Compute, Decision, Graph, Step
from baton.domain.run.state import State


def ready(graph: Graph, state: State, finished: Iterable[str] | None = None) -> list[Step]:
    """Return the steps to activate now, in the definition's order.

    `finished` names the steps that ended since the last call, so that a wide graph is not
    walked whole for each outcome; None looks at all of them.
    """
    if state.status != "running":
        return []
    if graph.flow == "next":
        return _by_next(graph, state)
    return _by_needs(graph, state, finished)


def _by_next(graph: Graph, state: State) -> list[Step]:
    if state.open or state.errors:
        return []
    if state.last is None:
        return [graph.steps[0]]
    following = successor(graph.by_id[state.last], state.selected)
    return [graph.by_id[following]] if following else []


def successor(step: Step, selected: str | None) -> str | None:
    """Return where a finished step points; `selected` is a decision's own choice."""
    if isinstance(step, Decision):
        return selected
    if isinstance(step, Compute) and step.on_success_next:
        return step.on_success_next
    return step.next


def _by_needs(graph: Graph, state: State, finished: Iterable[str] | None) -> list[Step]:
    if finished is None:
        candidates = [step.id for step in graph.steps]
    else:
        candidates = list(
            dict.fromkeys(ident for done in finished for ident in graph.dependents.get(done, ()))
        )
    return [graph.by_id[ident] for ident in candidates if _may_start(graph, state, ident)]


def _may_start(graph: Graph, state: State, step_id: str) -> bool:
    if step_id in state.steps:
        return False
    needs = graph.needed[step_id]
    # Fewer steps have ended than it needs: a wide join is turned away without looking at each.
    if len(needs) > state.ended_steps:
        return False
    # The need written last tends to end last, so it is asked first.
    for need in needs:
        step = state.steps.get(need)
        if step is None or not step.done:
            return False
    return True
