"""The tasks of one queue that a worker has in hand, and how it takes further ones."""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Final, TypeAlias

from baton.eventlog.ports.topics import ReceivedMessage, TopicConsumer

ACKNOWLEDGE_S: Final = 1.0
"""How soon it is told that tasks are finished while no further ones come."""

Perform: TypeAlias = Callable[[ReceivedMessage], Coroutine[None, None, None]]
_Place: TypeAlias = tuple[int, int]
_Taking: TypeAlias = "asyncio.Task[Sequence[ReceivedMessage]]"


class QueueTasks:
    """Performs what `consumption` brings; from `most` in hand on it takes no further ones.

    A task is finished when `perform` has returned. What `perform` raises comes out of `serve`.
    """

    def __init__(self, consumption: TopicConsumer, perform: Perform, *, most: int) -> None:
        self._consumption = consumption
        self._perform = perform
        self._most = most
        self._in_hand: dict[_Place, ReceivedMessage] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._told: frozenset[_Place] = frozenset()
        self._failure: BaseException | None = None

    async def serve(self, stop: asyncio.Event) -> None:
        """Take and perform tasks until `stop` is set."""
        stopped = asyncio.create_task(stop.wait())
        taking: _Taking | None = None
        try:
            while not stop.is_set():
                if taking is None and len(self._in_hand) < self._most:
                    taking = self._take()
                changes = (taking,) if taking else self._under_way
                await asyncio.wait(
                    (stopped, *changes), timeout=ACKNOWLEDGE_S, return_when=FIRST_COMPLETED
                )
                if taking and (taking.done() or not self._told <= self._in_hand.keys()):
                    self._begin(await _brought(taking))
                    taking = None
                if self._failure is not None:
                    raise self._failure
        finally:
            stopped.cancel()
            if taking is not None:
                self._hold(await _brought(taking))

    async def leave(self, *, grace_s: float) -> None:
        """Give what is in hand `grace_s` to end, and go; the rest is for other workers."""
        if self._under_way:
            await asyncio.wait(tuple(self._under_way), timeout=grace_s)
        rest = tuple(self._under_way)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self._consumption.close(unfinished=tuple(self._in_hand.values()))

    def _take(self) -> _Taking:
        """Ask for tasks, and tell by it which ones are finished."""
        self._told = frozenset(self._in_hand)
        unfinished = tuple(self._in_hand.values())
        return asyncio.create_task(self._consumption.next(unfinished=unfinished))

    def _begin(self, messages: Sequence[ReceivedMessage]) -> None:
        for place, delivered in self._hold(messages):
            task = asyncio.create_task(self._perform(delivered))
            self._under_way.add(task)
            task.add_done_callback(partial(self._done, place))

    def _hold(
        self, messages: Sequence[ReceivedMessage]
    ) -> Sequence[tuple[_Place, ReceivedMessage]]:
        """Have tasks in hand; return those that were not."""
        places = [((one.partition, one.offset), one) for one in messages]
        new = [(place, one) for place, one in places if place not in self._in_hand]
        self._in_hand.update(new)
        return new

    def _done(self, place: _Place, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if task.cancelled():
            return
        if error := task.exception():
            self._failure = error
        else:
            del self._in_hand[place]


async def _brought(taking: _Taking) -> Sequence[ReceivedMessage]:
    """Return what has come, perhaps nothing, and wait no longer."""
    taking.cancel()
    await asyncio.wait((taking,))
    return () if taking.cancelled() else taking.result()
