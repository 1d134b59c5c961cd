"""A stream as its events leave it now, for what must be known before a command can be put."""

from typing import Any, TypeVar

from baton.domain.decider import Decider
from baton.eventlog.ports.stores import EventStore

S = TypeVar("S")


async def folded(store: EventStore, decider: Decider[Any, S, Any], stream: str) -> S:
    """Return the state of a stream, the initial one where there is no such stream."""
    history = await store.read(stream)
    return decider.fold(one.event for one in history)
