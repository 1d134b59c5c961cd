"""The validation of a definition. Each fault has a path of member names of this package.

A path is like `("steps", 2, "cases", 0, "next")` or `("trigger", "structure")`; a dialect
translates it to its own member names. The rules are in the `…_faults` modules.
"""

from collections.abc import Iterator
from itertools import islice

from baton.domain.definition.condition_faults import too_many_conditions
from baton.domain.definition.edge_faults import faults_of_edges
from baton.domain.definition.graph import Graph
from baton.domain.definition.messages import Body
from baton.domain.definition.step_faults import faults_of_step
from baton.domain.definition.title import faults_of_title
from baton.domain.definition.trigger_faults import faults_of_triggers
from baton.domain.errors import Fault
from baton.domain.text import NOT_PLAIN, is_plain

MAX_STEPS = 1_000
MAX_NAME = 200
"""The number of characters that a definition's name may have."""
MAX_LOOP_LIMIT = 1_000_000
"""The highest limit of step activations in one run."""
MAX_FAULTS = 100
"""The number of faults that one validation reports."""


def faults_of(body: Body) -> list[Fault]:
    """Return the faults of `body` in document order; an empty list if it may be published."""
    return list(islice(_faults(body), MAX_FAULTS))


def _faults(body: Body) -> Iterator[Fault]:
    if not body.name.strip():
        yield Fault(("name",), "must not be empty")
    if not is_plain(body.name):
        yield Fault(("name",), NOT_PLAIN)
    if len(body.name) > MAX_NAME:
        yield Fault(("name",), f"must have at most {MAX_NAME} characters")
    yield from faults_of_title(body)
    yield from faults_of_triggers(body.triggers)
    yield from _faults_of_graph(body.graph)


def _faults_of_graph(graph: Graph) -> Iterator[Fault]:
    if not graph.steps:
        yield Fault(("steps",), "must have at least one step")
        return
    if len(graph.steps) > MAX_STEPS:
        yield Fault(("steps",), f"must have at most {MAX_STEPS} steps")
        return
    if not 1 <= graph.loop_limit <= MAX_LOOP_LIMIT:
        yield Fault(("loop_limit",), f"must be between 1 and {MAX_LOOP_LIMIT}")
    yield from too_many_conditions(graph)
    for index, step in enumerate(graph.steps):
        yield from faults_of_step(step, ("steps", index), graph.by_id)
    yield from faults_of_edges(graph)
