"""A log whose streams are shared out among the followers of one name, each stream to one of them.

In one process there is one follower, and all is its own. Ownership spares work and no more: while
it moves, two may believe that they own a stream, and the expected version keeps them apart.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore, Log, Subscription

Owns: TypeAlias = Callable[[str], bool]
"""Whether a stream belongs to a share."""


class Owner(Protocol):
    """A follower that serves the streams of its shares."""

    def knows(self, stream: str, version: int) -> bool:
        """Whether this event says nothing new, so that it need not be decoded or handed over."""
        ...

    async def gain(self, owns: Owns) -> None:
        """Take up the streams of a further share; their events follow. Runs again if it raised."""
        ...

    async def lose(self, owns: Owns) -> None:
        """Let go of the streams of a share: another one owns it now."""
        ...


class SharedLog(Protocol):
    """Hands each event to the one follower of a name that owns its stream."""

    async def join(self, name: str, owner: Owner) -> Subscription:
        """Become one of the followers called `name`.

        The subscription tells `owner` what it gains and loses from inside `next`, before events of
        the new shares are returned. Calling `next` says that what it returned before is handled.
        A log that doesn't answer is waited for, in `next`.
        """
        ...


class WholeLog:
    """Implements `SharedLog` where one process serves everything: its share is the whole log."""

    def __init__(self, log: Log, events: EventStore) -> None:
        self._log = log
        self._events = events

    async def join(self, name: str, owner: Owner) -> Subscription:
        """Follow the log from its end; what stands in it is taken up with the share."""
        head = await self._events.head()
        return _Whole(await self._log.subscribe(name, after=head), owner)


class _Whole:
    def __init__(self, inner: Subscription, owner: Owner) -> None:
        self._inner = inner
        self._owner: Owner | None = owner

    async def next(self) -> Sequence[Recorded]:
        if self._owner is not None:
            await self._owner.gain(lambda _stream: True)
            self._owner = None
        return await self._inner.next()

    async def close(self) -> None:
        await self._inner.close()
