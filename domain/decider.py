"""The shape every aggregate has: what it starts as, what a command decides, what an event changes.

After Chassaing's Decider. `decide` and `evolve` are total, synchronous and deterministic: time, ids
and random numbers arrive inside the command.
"""

from collections.abc import Callable, Iterable
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
    onto: Callable[[C, S], tuple[list[E], S]] | None = None
    """`decide` with the state it leads to, for rules that know it from deciding."""

    def apply(self, command: C, state: S) -> tuple[list[E], S]:
        """Return the events of `command` and the state they lead to."""
        if self.onto is not None:
            return self.onto(command, state)
        decided = self.decide(command, state)
        return decided, self.fold(decided, state)

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """Return the state that `events` lead to from `state` (default: the initial one)."""
        folded = self.initial if state is None else state
        for event in events:
            folded = self.evolve(folded, event)
        return folded
