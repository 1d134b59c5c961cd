"""The projector: keeps every view up with the log.

Folding and committing go side by side: while one batch is written, the events that come in are
folded into the next, so that a batch grows with the load and each document is written once for it.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from baton.eventlog.errors import InUse
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import Log
from baton.eventlog.ports.views import Change, ViewStore
from baton.projector.batch import Batch, read_missing
from baton.projector.position_waiters import PositionWaiters
from baton.projector.view import View
from baton.projector.views import every_view

SLICE = 250
"""Events folded before others on the loop get their turn."""
MAX_BATCH = 2_000
"""Events folded ahead of the commit under way; more wait in the log."""
FULL_BATCH = 1_000
"""A batch of this many events is followed by the next one at once."""
EVENTS_PER_MS = 16
"""A smaller one by a pause of a millisecond for this many events: rows are written less often."""
LONGEST_PAUSE_MS = 20
WATCHED_PAUSE_MS = 12
"""The shortest one where several processes share the store: a commit costs more there."""
IDLE_PAUSE_MS = 50
"""How long the pause after such a batch is while nobody waits for the views."""
_RETRY = RetryPolicy(fatal=(InUse,))

_log = logging.getLogger("baton.projector")


class Projector:
    """Folds the log into `store`; rows and position change in one transaction (`run`).

    `position` is how far the views hold the log, -1 before their tables are there. `watched` says
    that other processes may wait for the views, which doesn't show here.
    """

    def __init__(
        self,
        store: ViewStore,
        *,
        clock: Clock,
        views: Sequence[View[Any]] | None = None,
        watched: bool = False,
    ) -> None:
        self.position = -1
        self._store = store
        self._clock = clock
        self._watched = watched
        self._views = every_view() if views is None else views
        self._batch = Batch(self._views, position=0)
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._wanted = asyncio.Event()
        self._waiting = PositionWaiters()

    async def run(self, log: Log) -> None:
        """Follow `log` from where the views stand, until cancelled.

        Raises what made the log or an event unreadable, for the process to end by, and `InUse` when
        another projector keeps the views now; a store that doesn't answer is waited for.
        """
        await self._store.prepare([view.table for view in self._views])
        position = await self._store.checkpoint()
        self._batch = Batch(self._views, position=position)
        self._reach(position)
        subscription = await log.subscribe("projector", after=position)
        async with asyncio.TaskGroup() as group:
            group.create_task(follow(subscription, self._take_in, clock=self._clock))
            group.create_task(self._write())

    async def reached(self, position: int, timeout_ms: int) -> bool:
        """Wait until the views hold `position`; False when they don't after `timeout_ms`."""
        if position <= self.position:
            return True
        self._wanted.set()
        return await self._waiting.until(position, timeout_ms)

    async def _take_in(self, events: Sequence[Recorded]) -> None:
        rest = events
        while rest:
            if self._batch.pending >= MAX_BATCH:
                self._room.clear()
                await self._room.wait()
            done = self._batch.fold(rest[:SLICE])
            self._work.set()
            if self._batch.pending >= FULL_BATCH:
                self._wanted.set()
            if done < min(len(rest), SLICE):
                await read_missing(self._batch, self._store, rest[done : done + SLICE])
            elif len(rest) > SLICE:
                await asyncio.sleep(0)
            rest = rest[done:]

    async def _write(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            events, position = self._batch.pending, self._batch.position
            changes = self._batch.take()
            self._room.set()
            await self._commit(changes, position)
            self._batch.committed()
            self._reach(position)
            if EVENTS_PER_MS <= events < FULL_BATCH:
                pause_ms = min(events // EVENTS_PER_MS, LONGEST_PAUSE_MS)
                await self._rest(max(pause_ms, WATCHED_PAUSE_MS) if self._watched else pause_ms)

    async def _rest(self, pause_ms: int) -> None:
        """Pause, and go on pausing until somebody waits for the views or a batch is full.

        Not by the clock of the role: what is projected may not depend on how long this takes.
        """
        self._wanted.clear()
        await asyncio.sleep(pause_ms / 1000)
        if not (self._watched or self._waiting.anybody):
            with suppress(TimeoutError):
                async with asyncio.timeout((IDLE_PAUSE_MS - pause_ms) / 1000):
                    await self._wanted.wait()

    async def _commit(self, changes: Sequence[Change], position: int) -> None:
        commit = partial(self._store.commit, changes, checkpoint=position)
        await retry(commit, clock=self._clock, log=_log, doing="committing views", policy=_RETRY)

    def _reach(self, position: int) -> None:
        self.position = position
        self._waiting.reach(position)
