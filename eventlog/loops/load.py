"""Reads a stream and folds it into its state: the only place that does so."""

from typing import Any, Generic, TypeVar

from baton.domain.decider import Decider
from baton.domain.frozen import frozen
from baton.eventlog.ports.stores import EventStore

S = TypeVar("S")


@frozen(kw_only=False)
class StreamState(Generic[S]):
    """The state of a stream after its first `version` events.

    `position` is that of the newest of them, 0 when the stream is empty or the position is unknown.
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
        known: An earlier state of the stream; only newer events are read. It is returned itself
            when there are none.
        until: The position of the last event to fold; later ones are ignored.

    Raises `Unavailable`.
    """
    before = StreamState(decider.initial, 0) if known is None else known
    events = await store.read(stream, after=before.version)
    if until is not None:
        events = [one for one in events if one.position <= until]
    if not events:
        return before
    state = decider.fold((one.event for one in events), before.state)
    return StreamState(state, events[-1].version, events[-1].position)
