"""The shape every aggregate has: what it starts as, what a command decides, what an event changes.

After Chassaing's Decider. `decide` and `evolve` are total, synchronous and deterministic: time, ids
and random numbers arrive inside the command.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """One aggregate's rules; `name` is the stream kind its events are stored under."""

    name: str
    initial: S
    decide: Callable[[C, S], list[E]]
    evolve: Callable[[S, E], S]
    decide_and_evolve: Callable[[C, S], tuple[list[E], S]] | None = None
    """`decide` with the state it leads to, for rules that know it from deciding."""

    def apply(self, command: C, state: S) -> tuple[list[E], S]:
        """Return the events of `command` and the state they lead to."""
        if self.decide_and_evolve is not None:
            return self.decide_and_evolve(command, state)
        decided = self.decide(command, state)
        return decided, self.fold(decided, state)

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """Return the state that `events` lead to from `state` (default: the initial one)."""
        folded = self.initial if state is None else state
        for event in events:
            folded = self.evolve(folded, event)
        return folded


@dataclass(slots=True)
class Batch(Generic[C]):
    """Commands for one stream that are decided and appended together.

    `skipped` counts those that the newest decision left out.
    """

    commands: Sequence[C]
    skipped: int = 0


def batched(
    decider: Decider[C, S, E], *, skip: tuple[type[Exception], ...] = ()
) -> Decider[Batch[C], S, E]:
    """Return rules that decide each command of a batch on the state its predecessors lead to.

    A command that is refused with one of the `skip` exceptions is left out; any other refusal
    refuses the whole batch.
    """
    apply = decider.decide_and_evolve or decider.apply

    def decide_and_evolve(batch: Batch[C], state: S) -> tuple[list[E], S]:
        batch.skipped = 0
        events: list[E] = []
        for command in batch.commands:
            try:
                decided, state = apply(command, state)
            except skip:
                batch.skipped += 1
            else:
                events.extend(decided)
        return events, state

    def decide(batch: Batch[C], state: S) -> list[E]:
        return decide_and_evolve(batch, state)[0]

    return Decider(
        decider.name, decider.initial, decide, decider.evolve, decide_and_evolve=decide_and_evolve
    )
