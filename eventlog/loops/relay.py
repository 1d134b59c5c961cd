"""The relay: publishes stored events to the shared log, in one process at a time.

The checkpoint is saved after the publishing, so events after it are published again after a crash:
delivery is at least once, and in order within each stream.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from baton.domain.run.decisions import DECIDER
from baton.domain.stream import stream_parts
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Stored
from baton.eventlog.failpoints import failpoint
from baton.eventlog.loops.leader_election import Elected
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.outbox import Outbox, Publisher

NAME: Final = "relay"
"""The name of the relay's lease and of its checkpoint."""
BATCH: Final = 2_000
"""The number of events published at once, at most."""
PACE_MS: Final = 5
"""The pause after a batch, in ms, in which events gather: each batch wakes every reader."""
LAG_MS: Final = 1_000
"""The interval at which the leader measures `lag`, in ms."""
SAVE_MS: Final = 100
"""The interval between saves of the checkpoint, in ms: a crash repeats this much publishing."""
RETRY: Final = RetryPolicy(max_ms=2_000)

ShowProgress = Callable[[int, int], None]
"""Called after each batch with the number of events published so far, and the position reached."""

_log = logging.getLogger("baton.relay")


class Relay(Elected):
    """Publishes events while this process holds the relay's lease.

    `published` counts the events of all terms. `position` is the newest published position of the
    current term. `lag` is the number of positions after it at the last measurement, and 0 in a
    process that doesn't lead.
    """

    def __init__(self, stores: Stores, *, clock: Clock, holder: str) -> None:
        """Publish from the outbox of `stores` to their publisher; ValueError without these.

        Args:
            holder: Names this process in the lease; no other process may have the same name.
        """
        super().__init__(stores.leases, NAME, holder=holder, clock=clock)
        if stores.outbox is None or stores.publisher is None:
            raise ValueError("a relay needs an outbox and a publisher")
        self._head = stores.events.head
        self._outbox = stores.outbox
        self._publisher = stores.publisher
        self._checkpoints = stores.checkpoints
        self._clock = clock
        self._saved = 0
        self._saved_at = 0
        self.published = 0
        self.position = 0
        self._newest = 0

    @property
    def lag(self) -> int:
        """The number of stored events that aren't published yet."""
        return max(0, self._newest - self.position) if self.leading else 0

    async def _lead(self) -> None:
        self.position = self._saved = await self._checkpoints.load(NAME)
        self._saved_at = self._clock.now()
        looking = asyncio.create_task(self._measure_lag())
        try:
            await self._publish_all()
        finally:
            looking.cancel()
            await asyncio.shield(self._leave())

    async def _measure_lag(self) -> None:
        while True:
            with suppress(Unavailable):
                self._newest = await self._head()
            await self._clock.idle(LAG_MS)

    async def _publish_all(self) -> None:
        """Publish batch after batch; under load the next batch is read during the publishing."""
        reading = asyncio.ensure_future(self._read(self.position))
        try:
            while True:
                await self._save_in_pauses(reading)
                events = await reading
                after = events[-1].position
                if more := len(events) == BATCH:
                    reading = asyncio.ensure_future(self._read(after))
                await asyncio.gather(self._publish(events), self._save_if_due())
                self.position = after
                if not more:
                    await self._clock.idle(PACE_MS)
                    reading = asyncio.ensure_future(self._read(after))
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, after: int) -> Sequence[Stored]:
        read_outbox = partial(self._outbox.after, after, limit=BATCH)
        return await retry(
            read_outbox, clock=self._clock, log=_log, doing="reading the outbox", policy=RETRY
        )

    async def _publish(self, events: Sequence[Stored]) -> None:
        chosen = _of_runs(events)
        if not chosen:
            return
        publish = partial(self._publisher.publish, chosen)
        await retry(publish, clock=self._clock, log=_log, doing="publishing", policy=RETRY)
        failpoint("after-publish")
        self.published += len(chosen)

    async def _save_in_pauses(self, reading: "asyncio.Future[Sequence[Stored]]") -> None:
        """Save the checkpoint when no event has arrived for a while."""
        if self._saved < self.position and not reading.done():
            pause_ms = max(0, self._saved_at + SAVE_MS - self._clock.now())
            await asyncio.wait((reading,), timeout=pause_ms / 1_000)
            if not reading.done():  # the pause may end a tick early, so the clock isn't read
                await self._save()

    async def _save_if_due(self) -> None:
        due_at = self._saved_at + SAVE_MS
        if self._saved < self.position and self._clock.now() >= due_at:
            await self._save()

    async def _save(self) -> None:
        """Save the checkpoint; after a failed save a crash repeats more events."""
        self._saved_at = self._clock.now()
        position = self.position
        try:
            await self._checkpoints.save(NAME, position)
        except Unavailable as error:
            _log.warning("the checkpoint can't be saved: %s", error)
        else:
            self._saved = position

    async def _leave(self) -> None:
        if self._saved < self.position:
            await self._save()


async def republish(
    outbox: Outbox,
    publisher: Publisher,
    *,
    after: int,
    to: int,
    progress: ShowProgress = lambda _published, _position: None,
) -> int:
    """Publish the events of runs after `after` up to `to` again; return their number.

    Args:
        to: The last position to publish. The store must have an event at this position or after it.
        progress: Called after each batch; after `Unavailable` its last call shows the position
            reached.
    """
    published = 0
    while after < to:
        stored = await outbox.after(after, limit=BATCH)
        events = _of_runs([event for event in stored if event.position <= to])
        if events:
            await publisher.publish(events)
        published += len(events)
        after = min(to, stored[-1].position)
        progress(published, after)
    return published


def _of_runs(events: Sequence[Stored]) -> Sequence[Stored]:
    return [event for event in events if stream_parts(event.stream).kind == DECIDER.name]
