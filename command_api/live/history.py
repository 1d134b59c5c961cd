"""Events of the past, for subscribers that begin at an earlier position than the live feed's."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from itertools import takewhile
from typing import Final

from baton.command_api.live.live_event import LiveEvent
from baton.command_api.live.run_events import RUN_EVENTS, RunEvents
from baton.command_api.live.subscription import EventFilter, History, Subscription
from baton.domain.run.decisions import DECIDER
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore, Log
from baton.projector.view import key_of
from baton.projector.views.definitions.queries import DefinitionQueries

READERS: Final = 2
"""The number of subscribers that read the log at the same time; others wait for their turn."""
EVENTS_PER_YIELD: Final = 250
"""Events folded before other tasks of the event loop run."""


class PastEvents:
    """Reads the log from a subscriber's position until the subscriber joins the others."""

    def __init__(
        self,
        log: Log,
        store: EventStore,
        definitions: DefinitionQueries,
        *,
        position: Callable[[], int],
        join: Callable[[Subscription], None],
    ) -> None:
        """Create the source; nothing is read yet.

        Args:
            log: The log that is read.
            store: Holds the streams of runs.
            definitions: The definitions, for their slugs.
            position: Returns the position of the live feed.
            join: Called with a subscription whose history reaches that position; from then on the
                feed offers it every event behind it.
        """
        self._log, self._store = log, store
        self._position, self._join = position, join
        self._events = RunEvents(store, definitions)
        self._turns = asyncio.Semaphore(READERS)

    def before(self, subscription: Subscription) -> History:
        """Return the events that `subscription` wants, from its position on, in pages.

        Iterating raises `Unavailable` and `Unreadable`.
        """
        if subscription.wanted.run_id is None:
            return self._of_all_runs(subscription)
        return self._of_one_run(subscription, subscription.wanted.run_id)

    async def _of_one_run(
        self, subscription: Subscription, run_id: str
    ) -> AsyncGenerator[Sequence[LiveEvent], None]:
        """Yield the events of one run: its stream is read, not the log."""
        after, joined_at = subscription.position, self._position()
        self._join(subscription)
        stream = stream_name(subscription.wanted.tenant, DECIDER.name, run_id)
        stored = await self._store.read(stream)
        past = [one for one in stored if after < one.position <= joined_at]
        yield await self._wanted(subscription.wanted, past)

    async def _of_all_runs(
        self, subscription: Subscription
    ) -> AsyncGenerator[Sequence[LiveEvent], None]:
        reading = await self._log.subscribe("past events", after=subscription.position)
        pending: Sequence[Recorded] = ()
        try:
            while True:
                async with self._turns:
                    pending = pending or await reading.next()
                    position = self._position()
                    ready = list(takewhile(lambda one: one.position <= position, pending))  # noqa: B023
                    found = await self._wanted(subscription.wanted, ready)
                pending = pending[len(ready) :]
                read_to = pending[0].position - 1 if pending else ready[-1].position
                caught_up = read_to >= self._position()
                if caught_up:
                    self._join(subscription)
                yield found
                if caught_up:
                    return
        finally:
            await reading.close()

    async def _wanted(self, wanted: EventFilter, events: Iterable[Recorded]) -> Sequence[LiveEvent]:
        """Return those of `events` that a subscriber wants."""
        found: list[LiveEvent] = []
        for number, recorded in enumerate(events, 1):
            if number % EVENTS_PER_YIELD == 0:
                await asyncio.sleep(0)
            if type(recorded.event) not in RUN_EVENTS:
                continue
            tenant, run_id = key_of(recorded.stream)
            if tenant != wanted.tenant or wanted.run_id not in (None, run_id):
                continue
            event = await self._events.describe(recorded)
            if event is not None and wanted.matches(event):
                found.append(event)
        return found
