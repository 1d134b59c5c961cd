"""The branches of a definition's decisions, and those of them that runs took."""

from collections.abc import Iterable, Iterator

from baton.domain.definition.graph import Decision, Graph
from baton.testing.assertions import ObservedRun, branch_name
from baton.testing.documents import Document, read_one


def coverage_of(definition: Document, runs: Iterable[ObservedRun]) -> list[str]:
    """Return the branches of a definition's decisions that none of the runs took.

    A branch reads `check: case 1 to fulfill`, or `check: else to $end`.

    Args:
        definition: A file, or a document in Baton's own format.
        runs: Runs of it.

    Raises ValueError, which names every fault of the definition.
    """
    taken = {branch for run in runs for branch in run.branches}
    return [one for one in _branches(read_one(definition).graph) if one not in taken]


def _branches(graph: Graph) -> Iterator[str]:
    for step in graph.steps:
        if isinstance(step, Decision):
            for index, case in enumerate(step.cases):
                yield branch_name(step.id, index, case.next)
            yield branch_name(step.id, None, step.default_next)
