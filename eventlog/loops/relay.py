"""The relay: publishes what is stored to those who share the log, one process at a time.

A checkpoint says how far it came. It moves behind the publishing, so that what a crash cuts off is
published again: at least once, the events of a stream in their order.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from baton.domain.run.decisions import DECIDER
from baton.domain.stream import stream_parts
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Stored
from baton.eventlog.failpoints import failpoint
from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.outbox import Outbox, Publisher

NAME: Final = "relay"
"""The lease, and the checkpoint."""
BATCH: Final = 2_000
PACE_MS: Final = 5
"""How long events gather after some were published: each batch costs every reader a turn."""
SAVE_MS: Final = 100
"""How much time of publishing a crash may repeat."""
RETRY: Final = RetryPolicy(max_ms=2_000)

Progress = Callable[[int, int], None]
"""Told how many events were published, and the position that was reached."""

_log = logging.getLogger("baton.relay")


class Relay:
    """The role in one process (`run`, `stop`).

    `holder` names the process in the lease: a name that only one process at a time can have.
    `published` counts events over all turns, `position` is how far the newest turn has come.
    """

    def __init__(self, stores: Stores, *, clock: Clock, holder: str) -> None:
        """`stores` must have an outbox and a publisher."""
        if stores.outbox is None or stores.publisher is None:
            raise ValueError("a relay needs an outbox and a publisher")
        self._outbox = stores.outbox
        self._publisher = stores.publisher
        self._checkpoints = stores.checkpoints
        self._clock = clock
        self._leader = Leader(stores.leases, NAME, holder=holder, clock=clock)
        self._saved = 0
        self._saved_at = 0
        self.published = 0
        self.position = 0

    @property
    def leading(self) -> bool:
        """Whether it is this relay's turn."""
        return self._leader.leading

    async def run(self) -> None:
        """Wait for the lease and publish while it lasts, until stopped."""
        await self._leader.run(self._turn)

    async def stop(self) -> None:
        """Save how far it came and give the lease back."""
        await self._leader.stop()

    async def _turn(self) -> None:
        self.position = self._saved = await self._checkpoints.load(NAME)
        self._saved_at = self._clock.now()
        try:
            await self._publish_all()
        finally:
            await asyncio.shield(self._leave())

    async def _publish_all(self) -> None:
        """Publish batch after batch; the next is read meanwhile when there is more than one."""
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
                    await self._clock.sleep(PACE_MS)
                    reading = asyncio.ensure_future(self._read(after))
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, after: int) -> Sequence[Stored]:
        read = partial(self._outbox.after, after, limit=BATCH)
        return await retry(
            read, clock=self._clock, log=_log, doing="reading the outbox", policy=RETRY
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
        """Save once nothing comes for a while."""
        if self._saved < self.position and not reading.done():
            pause_ms = max(0, self._saved_at + SAVE_MS - self._clock.now())
            await asyncio.wait((reading,), timeout=pause_ms / 1_000)
            if not reading.done():  # whatever the clock says: the pause may have been cut by a tick
                await self._save()

    async def _save_if_due(self) -> None:
        due_at = self._saved_at + SAVE_MS
        if self._saved < self.position and self._clock.now() >= due_at:
            await self._save()

    async def _save(self) -> None:
        """Save how far it came; if that fails, more is published again after a crash."""
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
    progress: Progress = lambda _published, _position: None,
) -> int:
    """Publish the events of runs behind `after` up to position `to` once more; return how many.

    An event must stand at `to` or behind it. Raises `Unavailable`: what was published by then was
    told to `progress`.
    """
    published = 0
    while after < to:
        found = await outbox.after(after, limit=BATCH)
        events = _of_runs([one for one in found if one.position <= to])
        if events:
            await publisher.publish(events)
        published += len(events)
        after = min(to, found[-1].position)
        progress(published, after)
    return published


def _of_runs(events: Sequence[Stored]) -> Sequence[Stored]:
    return [one for one in events if stream_parts(one.stream).kind == DECIDER.name]
