"""Reads a stream and folds it into its state; no other module does so."""

from typing import Any, Generic, TypeVar

from baton.domain.decider import Decider
from baton.domain.frozen import frozen
from baton.eventlog.ports.stores import EventStore

S = TypeVar("S")


@frozen(kw_only=False)
class StreamState(Generic[S]):
    """The state of a stream after its first `version` events.

    `position` is the position of the newest of them; it is 0 when the stream is empty or the
    position is unknown.
    """

    state: S
    version: int
    position: int = 0


async def load(
    store: EventStore,
    decider: Decider[Any, S, Any],
    stream: str,
    *,
    known: StreamState[S] | None = None,
    until: int | None = None,
) -> StreamState[S]:
    """Return the state of a stream, the decider's initial one for a stream without events.

    Args:
        known: An earlier state of the stream; only newer events are read. If there are none,
            `known` itself is returned.
        until: The position of the last event to fold; later events are ignored.

    Raises `Unavailable`.
    """
    before = StreamState(decider.initial, 0) if known is None else known
    events = await store.read(stream, after=before.version)
    if until is not None:
        events = [recorded for recorded in events if recorded.position <= until]
    if not events:
        return before
    state = decider.fold((recorded.event for recorded in events), before.state)
    return StreamState(state, events[-1].version, events[-1].position)
