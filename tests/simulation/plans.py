"""Draws random graphs and the behaviour of their functions from a seed."""

from dataclasses import dataclass, field
from random import Random
from typing import Literal, TypeAlias

from baton.domain.definition.graph import (
    Case,
    Compute,
    Condition,
    Decision,
    Delay,
    Graph,
    Retry,
    Step,
    Sync,
)
from baton.domain.json import JsonObject

HANG_MS = 300
"""Timeout of steps whose function hangs."""
LONG_MS = 600_000
"""Timeout of all other steps."""

Kind: TypeAlias = Literal["succeed", "fail at first", "fail", "refuse", "hang"]
_USUAL: tuple[Kind, ...] = ("succeed",) * 8 + ("fail at first",) * 4
_KINDS: tuple[Kind, ...] = (*_USUAL, "fail", "refuse", "hang")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The behaviour of a step's function on every visit; it fails `failures` times at first."""

    kind: Kind
    output: int
    failures: int = 0
    context: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One definition: its graph and the behaviour of its functions, by step."""

    graph: Graph
    behaviours: dict[str, Behaviour] = field(default_factory=dict)

    @property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """The needs of each step, for the checkers."""
        return {step.id: step.needs for step in self.graph.steps}


def draw(rng: Random, prefix: str = "") -> Plan:
    """Return a plan with a valid graph; ids of steps begin with `prefix`."""
    count = rng.randint(1, 6)
    by_needs = rng.random() < 0.5
    draft = _Draft(rng, [f"{prefix}s{number}" for number in range(count)])
    steps = [draft.by_needs(place) if by_needs else draft.by_next() for place in range(count)]
    behaviours = {step.id: _behaviour(rng, step) for step in steps if isinstance(step, Compute)}
    if by_needs:
        rng.shuffle(steps)
        return Plan(Graph(steps=tuple(steps), flow="needs"), behaviours)
    return Plan(Graph(steps=tuple(steps), loop_limit=rng.randint(2, 12)), behaviours)


def draw_input(rng: Random) -> JsonObject:
    """Return an input that conditions read."""
    return {"amount": rng.choice((1, 500))}


def _behaviour(rng: Random, step: Compute) -> Behaviour:
    kind: Kind = "hang" if step.timeout_ms == HANG_MS else rng.choice(_KINDS[:-1])
    failures = rng.randint(1, 3) if kind == "fail at first" else 0
    return Behaviour(kind, rng.randint(0, 2), failures, context=rng.random() < 0.5)


class _Draft:
    """Draws the steps of one graph in order."""

    def __init__(self, rng: Random, ids: list[str]) -> None:
        self._rng = rng
        self._ids = ids
        self._left = list(ids)
        self._ancestors: dict[str, set[str]] = {}

    def by_needs(self, place: int) -> Step:
        """Return a step that needs some earlier steps and whose conditions read only those."""
        step_id = self._left.pop(0)
        before = self._ids[:place]
        needs = tuple(self._rng.sample(before, min(len(before), self._rng.randint(0, 3))))
        seen = set(needs).union(*(self._ancestors[need] for need in needs))
        self._ancestors[step_id] = seen
        match self._rng.randrange(6):
            case 0:
                return Delay(id=step_id, delay_ms=self._rng.randint(0, 900), needs=needs)
            case 1:
                timeout_ms = LONG_MS if self._rng.random() < 0.5 else None
                when = self._conditions(sorted(seen)) if self._rng.random() < 0.2 else ()
                return Sync(id=step_id, needs=needs, timeout_ms=timeout_ms, when=when)
            case _:
                when = self._conditions(sorted(seen)) if self._rng.random() < 0.3 else ()
                return self._compute(step_id, needs=needs, when=when)

    def by_next(self) -> Step:
        """Return a step that points to any step; a low limit ends loops."""
        step_id = self._left.pop(0)
        match self._rng.randrange(6):
            case 0:
                following = self._target()
                return Delay(id=step_id, delay_ms=self._rng.randint(0, 900), next=following)
            case 1:
                cases = tuple(
                    Case(conditions=self._conditions(self._ids), next=self._rng.choice(self._ids))
                    for _ in range(self._rng.randint(1, 2))
                )
                when = self._conditions(self._ids) if self._rng.random() < 0.2 else ()
                return Decision(id=step_id, cases=cases, default_next=self._target(), when=when)
            case _:
                when = self._conditions(self._ids) if self._rng.random() < 0.2 else ()
                return self._compute(step_id, next=self._target(), when=when)

    def _compute(
        self,
        step_id: str,
        *,
        next: str | None = None,  # noqa: A002 - the name of the graph's field
        needs: tuple[str, ...] = (),
        when: tuple[Condition, ...],
    ) -> Compute:
        rng = self._rng
        retry = Retry(max_attempts=rng.randint(1, 4), backoff_ms=rng.choice((0, 40, 400)))
        return Compute(
            id=step_id,
            function="f",
            timeout_ms=HANG_MS if rng.random() < 0.08 else LONG_MS,
            retry=retry if rng.random() < 0.7 else None,
            next=next,
            on_success_next=rng.choice(self._ids) if next and rng.random() < 0.2 else None,
            on_failure=rng.choice(("fail", "end", None)),
            needs=needs,
            when=when,
        )

    def _target(self) -> str | None:
        """Return mostly the following step, so that runs make progress."""
        if self._left and self._rng.random() < 0.8:
            return self._left[0]
        return self._rng.choice([None, *self._ids])

    def _conditions(self, steps: list[str]) -> tuple[Condition, ...]:
        if steps and self._rng.random() < 0.6:
            path = f"steps.{self._rng.choice(steps)}.output"
            return (Condition(path=path, op="eq", value=self._rng.randint(0, 2)),)
        return (Condition(path="input.amount", op="gt", value=100),)
