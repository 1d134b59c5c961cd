"""The steps that are ready to start, and the edges, of both kinds of graph (`next`, `needs`)."""

from collections.abc import Iterable, Iterator

from baton.domain.definition.graph import Compute, Decision, Graph, Step
from baton.domain.run.state import State


def ready(graph: Graph, state: State, finished: Iterable[str] | None = None) -> list[Step]:
    """Return the steps to activate now, in the order of the definition.

    Args:
        graph: The graph of the run's version.
        state: The state of the run.
        finished: The ids of the steps that finished since the last call; only their dependents are
            checked, which keeps a wide graph linear. None checks all steps.
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
        return [graph.steps[0] if state.entry is None else graph.by_id[state.entry]]
    following = _following(graph.by_id[state.last], state)
    return [graph.by_id[following]] if following else []


def _following(last: Step, state: State) -> str | None:
    """Return the id of the step after the last one; a skipped decision takes its default."""
    if isinstance(last, Decision) and state.steps[last.id].status == "skipped":
        return last.default_next
    return successor(last, state.selected)


def successor(step: Step, selected: str | None) -> str | None:
    """Return the id of the step after a finished one; `selected` is the choice of a decision."""
    if isinstance(step, Decision):
        return selected
    if isinstance(step, Compute) and step.on_success_next:
        return step.on_success_next
    return step.next


def possible_successors(step: Step) -> Iterator[str]:
    """Yield the ids of the steps that *next* pointers lead to from a step; some may repeat."""
    if isinstance(step, Decision):
        yield from (case.next for case in step.cases if case.next is not None)
        last = step.default_next
    else:
        last = successor(step, None)
    if last is not None:
        yield last


def edges_of(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield each pair of step ids whose second step may start when the first is done, once."""
    for step in graph.steps:
        if graph.flow == "needs":
            yield from ((need, step.id) for need in dict.fromkeys(step.needs))
        else:
            yield from ((step.id, after) for after in dict.fromkeys(possible_successors(step)))


def _by_needs(graph: Graph, state: State, finished: Iterable[str] | None) -> list[Step]:
    if finished is None:
        candidates = [step.id for step in graph.steps]
    else:
        candidates = list(
            dict.fromkeys(ident for done in finished for ident in graph.dependents.get(done, ()))
        )
    return [graph.by_id[ident] for ident in candidates if _may_start(graph, state, ident)]


def _may_start(graph: Graph, state: State, step_id: str) -> bool:
    before = state.steps.get(step_id)
    if before is not None and not before.awaited:
        return False
    needs = graph.needed[step_id]
    # Fewer steps are done than this one needs: rejects a wide join without checking each need.
    if len(needs) > state.ended_steps:
        return False
    # The need listed last tends to end last, so it is checked first.
    for need in needs:
        step = state.steps.get(need)
        if step is None or not step.done:
            return False
    return True
