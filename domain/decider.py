"""The Decider pattern (Jérémie Chassaing): the rules of one aggregate as three parts.

`initial` is the state before the first event, `decide` maps a command to events, `evolve` applies
an event to the state. `decide` and `evolve` are synchronous and deterministic: the command carries
the time, ids and random numbers. `decide` raises `Rejected` for a command that the rules refuse.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """The rules of one aggregate; `name` is the kind of its streams."""

    name: str
    initial: S
    decide: Callable[[C, S], list[E]]
    evolve: Callable[[S, E], S]
    decide_and_evolve: Callable[[C, S], tuple[list[E], S]] | None = None
    """Decides a command and returns the new state too.

    A decider sets it if its `decide` computes the new state anyway; None folds the decided events
    instead.
    """

    def apply(self, command: C, state: S) -> tuple[list[E], S]:
        """Return the events of `command` and the state after them."""
        if self.decide_and_evolve is not None:
            return self.decide_and_evolve(command, state)
        decided = self.decide(command, state)
        return decided, self.fold(decided, state)

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """Return `state` (default: the initial state) after `events`."""
        folded = self.initial if state is None else state
        for event in events:
            folded = self.evolve(folded, event)
        return folded


@dataclass(slots=True)
class Batch(Generic[C]):
    """Commands for one stream that are decided and appended together.

    Each decision sets `skipped` to the number of commands that it left out.
    """

    commands: Sequence[C]
    skipped: int = 0


def batched(
    decider: Decider[C, S, E], *, skip: tuple[type[Exception], ...] = ()
) -> Decider[Batch[C], S, E]:
    """Return a decider that decides the commands of a batch in order, each on the resulting state.

    Args:
        decider: The rules for a single command.
        skip: Refusals that leave out only their command. Any other refusal refuses the whole batch.
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
