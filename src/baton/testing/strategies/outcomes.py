"""Outcomes of the steps of a definition, in any combination."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from hypothesis import strategies as st

from baton.domain.definition.graph import Compute, Graph
from baton.domain.json import Json
from baton.testing.documents import Document, read_one
from baton.testing.strategies.compared_values import values_below
from baton.testing.strategies.schema_values import Values

_MAX_CALLS: Final = 4
_LATE_MS: Final = 1_000
"""The time by which a function that times out exceeds its timeout, in ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """The way in which a call of a step's function ends.

    Attributes:
        kind: The call succeeds, fails and may be retried, fails for good, or exceeds the step's
            timeout.
        output: The output of a call that succeeds.
        takes_ms: The duration of the call on the engine's clock.
    """

    kind: Literal["succeeds", "fails", "fails for good", "times out"]
    output: Json = None
    takes_ms: int = 0


Outcomes: TypeAlias = dict[str, tuple[StepOutcome, ...]]
"""The outcomes of the calls of each step, by its id; the last one is repeated."""


def outcomes(
    definition: Document, *, outputs: Mapping[str, Values] | None = None
) -> st.SearchStrategy[Outcomes]:
    """Return a strategy of the outcomes of every step that calls a function.

    Args:
        definition: A file, or a document in Baton's own format.
        outputs: Strategies of outputs by step id. An output is otherwise made of the members that
            conditions of the definition read, with values for which they hold or not.

    Raises ValueError, which names every fault of the definition.
    """
    return outcomes_of(read_one(definition).graph, outputs or {})


def outcomes_of(graph: Graph, outputs: Mapping[str, Values]) -> st.SearchStrategy[Outcomes]:
    """Return a strategy of the outcomes of every step of a graph that calls a function."""
    steps = {step.id: step for step in graph.steps if isinstance(step, Compute)}
    if unknown := outputs.keys() - steps.keys():
        raise ValueError(f"no step with a function is called {', '.join(sorted(unknown))}")
    made = {ident: values_below(graph, "steps", ident, "output") for ident in steps} | dict(outputs)
    return st.fixed_dictionaries(
        {
            ident: st.lists(
                _of_step(step, made[ident]),
                min_size=1,
                max_size=_MAX_CALLS,
            ).map(tuple)
            for ident, step in steps.items()
        }
    )


def _of_step(step: Compute, output: Values) -> st.SearchStrategy[StepOutcome]:
    takes_ms = st.integers(0, max(0, step.timeout_ms - 1))
    late_ms = step.timeout_ms + _LATE_MS
    success = st.builds(StepOutcome, kind=st.just("succeeds"), output=output, takes_ms=takes_ms)
    failure = st.one_of(
        st.builds(StepOutcome, kind=st.just("fails"), takes_ms=takes_ms),
        st.builds(StepOutcome, kind=st.just("fails for good"), takes_ms=takes_ms),
        st.just(StepOutcome(kind="times out", takes_ms=late_ms)),
    )
    return st.booleans().flatmap(lambda fails: failure if fails else success)
