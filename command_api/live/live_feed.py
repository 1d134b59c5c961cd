"""The live feed of one server: one follower of the log, however many subscribers there are.

The log is followed only while there are subscribers. An event is handed out once the views hold
it, so that a query sent after it shows its effect. A subscriber that begins at an earlier position
reads the log itself until it has caught up; then it joins the others.
"""

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from operator import attrgetter
from typing import Final, TypeAlias

from baton.command_api.live.audience import Audience
from baton.command_api.live.ending import GOING_AWAY
from baton.command_api.live.history import PastEvents
from baton.command_api.live.run_events import RUN_EVENTS, RunEvents
from baton.command_api.live.subscription import EventFilter, Subscription
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore, Log
from baton.projector.view import key_of
from baton.projector.views.definitions.queries import DefinitionQueries

Watch: TypeAlias = Callable[[Sequence[Recorded]], None]
"""Called with the next events of the log, in order, once the views hold them."""

WAIT_MS: Final = 1_000
"""The timeout of one wait for the views, in ms; the wait is repeated until they hold the event."""
MAX_LOG_WATCHERS: Final = 200
"""The maximum number of watchers of the log at one server; each is the stream of a browser."""
PATIENCE_MS: Final = 200
"""The time in ms for which watchers of the log don't hurry the projector out of its pauses.

In a pause it gathers events for a larger commit; hurrying it costs the engine more than the whole
page does.
"""
LOOK_MS: Final = 20
"""The interval in ms at which the views' position is read during that time."""
EVENTS_PER_YIELD: Final = 100
"""The number of events handed out before other tasks of the event loop run."""

_position = attrgetter("position")


class BeyondTheLog(Exception):
    """The subscriber's position is after that of the newest event, `head`."""

    def __init__(self, head: int) -> None:
        super().__init__(f"the log ends at position {head}")
        self.head = head


class TooManySubscribers(Exception):
    """The tenant has the maximum number of subscribers at this server."""


class LiveFeed:
    """Hands the events of runs to subscribers, by one follower of the log (`run`).

    Attributes:
        position: The position up to which events were handed out; -1 before the first subscriber.
        ended: How many streams have ended, by reason.
        waits_for_views: Whether an event waits for the views.
    """

    def __init__(
        self,
        log: Log,
        store: EventStore,
        definitions: DefinitionQueries,
        *,
        reached: Callable[[int, int], Awaitable[bool]],
        held: Callable[[], int],
        clock: Clock,
        tenant_limit: int = 0,
    ) -> None:
        """Create the feed; nothing is read before the first subscriber.

        Args:
            log: The log that is followed.
            store: Holds the beginnings of runs.
            definitions: The definitions, for their slugs.
            reached: Called with a position and a timeout in ms; returns whether the views hold it.
            held: Returns the newest position that the views are known to hold.
            clock: The pace of retries.
            tenant_limit: The maximum number of subscribers of one tenant; 0 means no limit.
        """
        self.position = -1
        self.ended: Counter[str] = Counter()
        self._log, self._store, self._clock = log, store, clock
        self._reached, self._held = reached, held
        self._audience = Audience()
        self._open: dict[str, set[Subscription]] = {}
        self._tenant_limit = tenant_limit
        self._events = RunEvents(store, definitions)
        self._past = PastEvents(log, store, definitions, position=self._begins_at, join=self._join)
        self._closed = asyncio.Event()
        self._watchers: set[Watch] = set()
        self._newest_at: int | None = None
        self._lag_ms = 0
        self.waits_for_views = False

    @property
    def subscribers(self) -> int:
        """The number of open subscriptions."""
        return sum(map(len, self._open.values()))

    async def run(self) -> None:
        """Follow the log whenever there are subscribers, until cancelled.

        Raises `Unavailable` if the log can't be subscribed to; streams stay open meanwhile.
        """
        while True:
            await self._audience.occupied.wait()
            async with asyncio.TaskGroup() as group:
                following = group.create_task(self._follow())
                await self._audience.empty.wait()
                following.cancel()

    @asynccontextmanager
    async def subscription(
        self, wanted: EventFilter, *, after: int | None = None
    ) -> AsyncIterator[Subscription]:
        """Yield a subscription that begins behind position `after`, by default with the next event.

        Raises:
            BeyondTheLog: The log hasn't got that far.
            TooManySubscribers: The tenant has as many as it may have.
            Unavailable: The feed is closed, or the store doesn't answer.

        """
        if after is not None and after > self._begins_at():
            head = await self._store.head()
            if after > head:
                raise BeyondTheLog(head)
        subscription = self._admit(wanted, after)
        try:
            yield subscription
        finally:
            self._release(subscription)
            await subscription.close()

    @contextmanager
    def watching_log(self, watch: Watch) -> Iterator[None]:
        """Call `watch` with the events of the log, while there are subscribers.

        Raises TooManySubscribers.
        """
        if len(self._watchers) >= MAX_LOG_WATCHERS:
            raise TooManySubscribers
        self._watchers.add(watch)
        try:
            yield
        finally:
            self._watchers.discard(watch)

    def lag_ms(self) -> int:
        """Return how long the newest event took to reach the views, or has waited for them so far.

        In milliseconds; 0 before the first event.
        """
        if self.waits_for_views and self._newest_at is not None:
            return max(0, self._clock.now() - self._newest_at)
        return self._lag_ms

    def resume_at(self, subscription: Subscription) -> int:
        """Return the position behind which the next event for `subscription` will be."""
        if subscription.drained:
            return max(subscription.position, self.position)
        return subscription.position

    def close(self) -> None:
        """End every stream because the server stops, and accept no further subscriber."""
        self._closed.set()
        for subscriptions in self._open.values():
            for subscription in subscriptions:
                subscription.end(GOING_AWAY)

    async def until_closed(self) -> None:
        """Return once the server stops."""
        await self._closed.wait()

    def _admit(self, wanted: EventFilter, after: int | None) -> Subscription:
        begins_at = self._begins_at()
        open_ones = self._open.setdefault(wanted.tenant, set())
        if self._tenant_limit and len(open_ones) >= self._tenant_limit:
            raise TooManySubscribers
        subscription = Subscription(wanted, after=begins_at if after is None else after)
        open_ones.add(subscription)
        if subscription.position >= begins_at:
            self._join(subscription)
        else:
            subscription.begin_with(self._past.before(subscription))
        return subscription

    def _release(self, subscription: Subscription) -> None:
        self._audience.remove(subscription)
        tenant = subscription.wanted.tenant
        self._open[tenant].discard(subscription)
        if not self._open[tenant]:
            del self._open[tenant]
        if subscription.ended.done() and not subscription.ended.cancelled():
            self.ended[subscription.ended.result().reason] += 1

    def _begins_at(self) -> int:
        """Return the position behind which a subscriber that joins now begins."""
        if self._closed.is_set():
            raise Unavailable("the server stops")
        position = self.position if self._audience else self._held()
        if position < 0:
            raise Unavailable("the views don't exist yet")
        return position

    def _join(self, subscription: Subscription) -> None:
        """Offer every further event to `subscription`; the first one makes `run` follow the log."""
        self.position = self._begins_at()
        self._audience.add(subscription)

    async def _follow(self) -> None:
        subscription = await self._log.subscribe("live feed", after=self.position)
        await follow(subscription, self._hand_out, clock=self._clock)

    async def _hand_out(self, events: Sequence[Recorded]) -> None:
        """Hand out events as far as the views hold them, until all are; repeated ones are old."""
        rest = events[bisect_right(events, self.position, key=_position) :]
        while rest:
            await self._until_held(rest[0])
            ready = bisect_right(rest, self._held(), key=_position)
            if self._audience.wants_events:
                ready = min(ready, EVENTS_PER_YIELD)
                for recorded in rest[:ready]:
                    await self._offer(recorded)
            else:
                self._show(rest[:ready])
            self._lag_ms = max(0, self._clock.now() - rest[0].event.at)
            rest = rest[ready:]
            await asyncio.sleep(0)

    async def _until_held(self, recorded: Recorded) -> None:
        self._newest_at = recorded.event.at
        patience_ms = PATIENCE_MS
        while self._held() < recorded.position and patience_ms and not self._audience.wants_events:
            await self._clock.idle(LOOK_MS)
            patience_ms -= LOOK_MS
        try:
            while not await self._reached(recorded.position, WAIT_MS):
                self.waits_for_views = True
        finally:
            self.waits_for_views = False

    async def _offer(self, recorded: Recorded) -> None:
        event = None
        if type(recorded.event) in RUN_EVENTS and self._audience.of(*key_of(recorded.stream)):
            event = await self._events.describe(recorded)
        if recorded.position <= self.position:  # a subscriber joined behind it meanwhile
            return
        self._show((recorded,))
        if event is not None:
            for subscription in self._audience.of(event.tenant, event.run_id):
                subscription.offer(event)

    def _show(self, events: Sequence[Recorded]) -> None:
        """Move to the last of `events`, and show the new ones to the watchers of the log."""
        fresh = events[bisect_right(events, self.position, key=_position) :]
        if not fresh:
            return
        self.position = fresh[-1].position
        for watch in tuple(self._watchers):
            watch(fresh)
