"""Reading streams no further back than needed, and deciding several commands at once."""

from collections.abc import Sequence
from typing import Any, TypeVar

from baton.domain.decider import Decider
from baton.eventlog.loops.transact import StreamState
from baton.eventlog.ports.stores import EventStore

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


async def caught_up(
    store: EventStore, decider: Decider[Any, S, Any], stream: str, known: StreamState[S]
) -> StreamState[S]:
    """Return `known` with what was appended to the stream since."""
    tail = await store.read(stream, after=known.version)
    if not tail:
        return known
    return StreamState(decider.fold((one.event for one in tail), known.state), tail[-1].version)


def in_sequence(decider: Decider[C, S, E]) -> Decider[Sequence[C], S, E]:
    """Return the rules for several commands in one append, each on what the former led to."""

    def onto(commands: Sequence[C], state: S) -> tuple[list[E], S]:
        events: list[E] = []
        for command in commands:
            decided, state = decider.apply(command, state)
            events.extend(decided)
        return events, state

    def decide(commands: Sequence[C], state: S) -> list[E]:
        return onto(commands, state)[0]

    return Decider(decider.name, decider.initial, decide, decider.evolve, onto=onto)
