"""A strategy of runs of a definition: an input, and an outcome for every function call."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hypothesis import strategies as st

from baton.domain.definition.graph import Compute, Graph
from baton.domain.json import Json, JsonObject
from baton.executor.sdk import NonRetryableError, StepContext
from baton.testing.documents import Document, read_one
from baton.testing.engines import Engine
from baton.testing.strategies.compared_values import values_below
from baton.testing.strategies.outcomes import Outcomes, outcomes_of
from baton.testing.strategies.schema_values import Values
from baton.testing.stubs import StubCall
from baton.testing.synchronous import SyncRun


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyRun:
    """A run that hasn't been started yet: `play` runs it.

    Attributes:
        definition: The file or document of the definition.
        input: The input of the run.
        outcomes: The outcome of each call of a step's function.
    """

    definition: Document = field(repr=False)
    input: Json
    outcomes: Outcomes

    def play(self) -> SyncRun:
        """Run to the end on an engine of its own, whose functions are all stubs; return the run.

        Raises Stalled if the run doesn't end, and AssertionError if two attempts of a step have
        different idempotency keys, or two steps the same one.
        """
        read, counts = read_one(self.definition), Counter[str]()
        engine = Engine(definitions=[self.definition], only_stubs=True)
        with engine as baton:
            behave = partial(self._behave, engine, counts)
            stubs = [baton.stub(name, calls=behave) for name in sorted(_functions(read.graph))]
            run = baton.run(read.slug or "", self.input)
            require_stable_keys(call for stub in stubs for call in stub.calls)
        return run

    async def _behave(
        self, engine: Engine, counts: Counter[str], _payload: JsonObject, context: StepContext
    ) -> Json:
        planned = self.outcomes[context.step_id]
        outcome = planned[min(counts[context.step_id], len(planned) - 1)]
        counts[context.step_id] += 1
        if outcome.takes_ms:
            clock = engine.time.clock
            await clock.sleep_until(clock.now() + outcome.takes_ms)
        if outcome.kind == "fails for good":
            raise NonRetryableError(f"step {context.step_id} fails for good")
        if outcome.kind == "fails":
            raise ConnectionError(f"step {context.step_id} fails")
        return outcome.output


def any_run(
    definition: Document,
    *,
    input: Values | None = None,  # noqa: A002 - the word of definitions
    outputs: Mapping[str, Values] | None = None,
) -> st.SearchStrategy[AnyRun]:
    """Return a strategy of runs: each step succeeds, fails or times out, in any combination.

    Args:
        definition: A file, or a document in Baton's own format.
        input: A strategy of inputs, such as `inputs(Order)`. An input is otherwise made of the
            members that conditions of the definition read.
        outputs: Strategies of outputs by step id, as `outcomes` takes them.

    Raises ValueError, which names every fault of the definition.
    """
    graph = read_one(definition).graph
    made: Any = values_below(graph, "input") if input is None else input
    return st.builds(
        AnyRun,
        definition=st.just(definition),
        input=made,
        outcomes=outcomes_of(graph, outputs or {}),
    )


def _functions(graph: Graph) -> set[str]:
    return {step.function for step in graph.steps if isinstance(step, Compute)}


def require_stable_keys(calls: Iterable[StubCall]) -> None:
    """Raise AssertionError unless each step has one key for all attempts, and no other step's."""
    last: dict[str, str] = {}
    seen: set[str] = set()
    for call in calls:
        key, step = call.idempotency_key, call.step_id
        if call.attempt > 1 and key != last.get(step):
            raise AssertionError(f"attempt {call.attempt} at step {step} has another key: {key}")
        if call.attempt == 1 and key in seen:
            raise AssertionError(f"step {step} has the key of an earlier call: {key}")
        last[step] = key
        seen.add(key)
