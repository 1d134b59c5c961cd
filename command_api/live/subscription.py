"""One subscriber of the live feed: its filter, its queue, and the reason of its end."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from baton.command_api.live.ending import TOO_SLOW, Ending
from baton.command_api.live.live_event import LiveEvent, Render

MAX_QUEUED: Final = 10_000
"""Events that wait for one subscriber; one more ends its stream. All subscribers share them."""
MAX_AT_ONCE: Final = 500
"""Events that a subscriber takes from its queue at once."""

History = AsyncGenerator[Sequence[LiveEvent], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """The events that a subscriber wants.

    Attributes:
        tenant: Its tenant; events of others are never seen.
        render: The rendering whose `status` member `statuses` are compared with.
        definition: A definition's id or slug, None for any.
        run_id: A run's id, None for any.
        statuses: The wanted values of `status`; empty means any.
        no_event: Whether the subscriber wants none: it watches the log (`LiveFeed.watching_log`).
    """

    tenant: str
    render: Render
    definition: str | None = None
    run_id: str | None = None
    statuses: frozenset[str] = frozenset()
    no_event: bool = False

    def matches(self, event: LiveEvent) -> bool:
        """Return whether the subscriber wants an event of its tenant and run."""
        if self.definition is not None and self.definition not in (event.slug, event.definition_id):
            return False
        return not self.statuses or event.shown(self.render).status in self.statuses


class Subscription:
    """The events for one subscriber, in order, until it ends.

    Attributes:
        wanted: The filter.
        position: The position of the newest event that `next` returned; at first, the position
            behind which the subscription begins.
        ended: Done with the reason once the stream has to end.
    """

    __slots__ = ("_filled", "_history", "_queue", "ended", "position", "wanted")

    def __init__(self, wanted: EventFilter, *, after: int) -> None:
        self.wanted = wanted
        self.position = after
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._history: History | None = None
        self._queue: list[LiveEvent] = []
        self._filled = asyncio.Event()

    def begin_with(self, history: History) -> None:
        """Return the events of `history` before those offered."""
        self._history = history

    def offer(self, event: LiveEvent) -> None:
        """Queue an event if the subscriber wants it; a full queue ends the stream."""
        if event.position <= self.position or not self.wanted.matches(event):
            return
        if len(self._queue) >= MAX_QUEUED:
            self.end(TOO_SLOW)
            return
        self._queue.append(event)
        self._filled.set()

    async def next(self) -> Sequence[LiveEvent]:
        """Wait for and return the next events, in order; never empty.

        Raises the errors of the feed's store while the subscriber catches up.
        """
        events = await self._next_of_history() or await self._next_queued()
        self.position = events[-1].position
        return events

    def end(self, ending: Ending) -> None:
        """End the stream, unless it has ended for another reason."""
        if not self.ended.done():
            self.ended.set_result(ending)

    @property
    def drained(self) -> bool:
        """Whether every event that was offered so far has been returned."""
        return self._history is None and not self._queue

    async def close(self) -> None:
        """Release the history; `next` may not be called any more."""
        if self._history is not None:
            await self._history.aclose()

    async def _next_of_history(self) -> Sequence[LiveEvent]:
        while self._history is not None:
            found = await anext(self._history, None)
            if found is None:
                self._history = None
            elif found:
                return found
        return ()

    async def _next_queued(self) -> Sequence[LiveEvent]:
        while not self._queue:
            self._filled.clear()
            await self._filled.wait()
        events = self._queue[:MAX_AT_ONCE]
        del self._queue[:MAX_AT_ONCE]
        return events
