"""The projector: keeps every view up to date with the log.

Folding and committing overlap: while one batch is committed, incoming events are folded into the
next. A batch therefore grows with the load, and each document is written once per batch.
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
from baton.projector.rate_limit import RateLimit
from baton.projector.view import View, tables_of
from baton.projector.views import every_view

FOLD_SLICE = 250
"""The number of events folded before other tasks of the event loop run."""
MAX_PENDING = 2_000
"""The number of events folded ahead of the commit in progress; further events wait in the log."""
FULL_BATCH = 1_000
"""The size of a batch from which on the next commit follows without a pause."""
EVENTS_PER_PAUSE_MS = 16
"""After a smaller batch, the projector pauses 1 ms for every 16 events, to write rows less often.
"""
LONGEST_PAUSE_MS = 20
SHARED_PAUSE_MS = 12
"""The shortest pause on a store that several processes share, in ms; a commit costs more there."""
GATHER_BELOW = 250
"""The size of a batch from which on the next one is read at once: more events probably wait."""
IDLE_PAUSE_MS = 50
"""The length of the pause while no task waits for the views, in ms."""

_RETRY = RetryPolicy(fatal=(InUse,))

_log = logging.getLogger("baton.projector")


class Projector:
    """Folds the log into `store`; rows and checkpoint change in one transaction (`run`).

    `position` is the checkpoint of the views, -1 before their tables exist.

    Args:
        store: The views.
        clock: Paces retries.
        views: The views to project; default: all views.
        shared: Whether other processes share the store. Tasks of these processes may wait for the
            views, so pauses stay short.
        pauses: Whether to pause between commits under load; the pauses take real time.
        name: The name of the log subscription.
        gather_ms: The pause before the next read of the log, in which events gather; it ends when a
            task of this process waits for the views.
        events_per_s: The rate limit; 0 is no limit.
    """

    def __init__(
        self,
        store: ViewStore,
        *,
        clock: Clock,
        views: Sequence[View[Any]] | None = None,
        shared: bool = False,
        pauses: bool = True,
        name: str = "projector",
        gather_ms: int = 0,
        events_per_s: int = 0,
    ) -> None:
        self._pauses = pauses
        self._store = store
        self._clock = clock
        self._shared = shared
        self._name = name
        self._gather_ms = gather_ms
        self._views = every_view() if views is None else views
        self._batch = Batch(self._views, position=0)
        self._changed = asyncio.Event()
        self._has_capacity = asyncio.Event()
        self._end_pause = asyncio.Event()
        self._waiters = PositionWaiters()
        self._rate = RateLimit(events_per_s)
        self._commit_lock = asyncio.Lock()

    @property
    def position(self) -> int:
        """The checkpoint of the views."""
        return self._waiters.position

    async def run(self, log: Log) -> None:
        """Follow `log` from the views' checkpoint until cancelled.

        While the store is unavailable, the projector waits. Raises `InUse` when another projector
        writes these views, and the error of an event that can't be read or folded. The process
        should then end.
        """
        await self._store.prepare(tables_of(self._views))
        position = await self._store.checkpoint()
        self._batch = Batch(self._views, position=position)
        self._waiters.advance(position)
        subscription = await log.subscribe(self._name, after=position)
        async with asyncio.TaskGroup() as group:
            group.create_task(follow(subscription, self._fold, clock=self._clock))
            group.create_task(self._commit_batches())

    async def reached(self, position: int, timeout_ms: int) -> bool:
        """Wait until the views hold `position`; False if they don't after `timeout_ms`."""
        if position > self.position:
            self._end_pause.set()
        return await self._waiters.wait(position, timeout_ms)

    @property
    def commit_lock(self) -> asyncio.Lock:
        """The lock that every commit holds; a task that holds it keeps the position from moving."""
        return self._commit_lock

    def remove_rate_limit(self) -> None:
        """Fold events without a rate limit from now on."""
        self._rate = RateLimit(0)

    def give_up(self) -> None:
        """End all waits in `reached`, which then returns False."""
        self._waiters.give_up()

    async def _fold(self, events: Sequence[Recorded]) -> None:
        rest = events
        while rest:
            if self._batch.pending >= MAX_PENDING:
                self._has_capacity.clear()
                await self._has_capacity.wait()
            done = self._batch.fold(rest[:FOLD_SLICE])
            self._changed.set()
            if self._batch.pending >= FULL_BATCH:
                self._end_pause.set()
            if done < min(len(rest), FOLD_SLICE):
                await read_missing(self._batch, self._store, rest[done : done + FOLD_SLICE])
            elif len(rest) > FOLD_SLICE:
                await asyncio.sleep(0)
            await self._rate.wait_after(done)
            rest = rest[done:]
        if self._gather_ms and len(events) < GATHER_BELOW:
            await self._gather()

    async def _commit_batches(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            async with self._commit_lock:
                events = await self._commit_batch()
            if self._pauses and EVENTS_PER_PAUSE_MS <= events < FULL_BATCH:
                pause_ms = min(events // EVENTS_PER_PAUSE_MS, LONGEST_PAUSE_MS)
                await self._pause(max(pause_ms, SHARED_PAUSE_MS) if self._shared else pause_ms)

    async def _commit_batch(self) -> int:
        """Commit the folded events and return their number."""
        events, position = self._batch.pending, self._batch.position
        changes = self._batch.take_changes()
        self._has_capacity.set()
        await self._commit(changes, position)
        self._batch.mark_committed()
        self._waiters.advance(position)
        return events

    async def _pause(self, pause_ms: int) -> None:
        """Pause for `pause_ms`, or up to `IDLE_PAUSE_MS` until a task waits or the batch is full.

        The pause uses the event loop's time, not the injected clock: the speed of a simulated clock
        must not change it.
        """
        self._end_pause.clear()
        await asyncio.sleep(pause_ms / 1000)
        if not (self._shared or self._waiters):
            await self._until_needed(IDLE_PAUSE_MS - pause_ms)

    async def _gather(self) -> None:
        """Pause while events gather in the log, until a task waits for the views."""
        self._end_pause.clear()
        if not self._waiters:
            await self._until_needed(self._gather_ms)

    async def _until_needed(self, longest_ms: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_ms / 1000):
                await self._end_pause.wait()

    async def _commit(self, changes: Sequence[Change], position: int) -> None:
        commit = partial(self._store.commit, changes, checkpoint=position)
        await retry(commit, clock=self._clock, log=_log, doing="committing views", policy=_RETRY)
