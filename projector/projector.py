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
from baton.projector.pace import Pace
from baton.projector.position_waiters import PositionWaiters
from baton.projector.view import View, tables_of
from baton.projector.views import every_view

FOLD_SLICE = 250
"""Events folded before other tasks of the loop run."""
MAX_PENDING = 2_000
"""Events folded ahead of the commit in progress; further ones wait in the log."""
FULL_BATCH = 1_000
"""Batch size from which the next commit follows without a pause."""
EVENTS_PER_PAUSE_MS = 16
"""After a smaller batch the projector pauses 1 ms for this many events, so that rows are written
less often."""
LONGEST_PAUSE_MS = 20
SHARED_PAUSE_MS = 12
"""Shortest pause on a store that several processes share, where a commit costs more."""
REST_BELOW = 250
"""Events at once that mean that there may be more by now, so that a rest would be too long."""
IDLE_PAUSE_MS = 50
"""Length of the pause while no task waits for the views."""

_RETRY = RetryPolicy(fatal=(InUse,))

_log = logging.getLogger("baton.projector")


class Projector:
    """Folds the log into `store`; rows and checkpoint change in one transaction (`run`).

    `position` is the checkpoint of the views, -1 before their tables exist.

    Args:
        shared: Other processes share the store. They may wait for the views without this process
            knowing, so its pauses stay short.
        pauses: Pause between commits under load; the pauses take real time.
        name: The name under which the log is followed.
        rest_ms: The pause before further events are asked for, while no task of this process waits
            for the views.
        events_per_s: The events that it folds in a second at most; 0 is no limit.
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
        rest_ms: int = 0,
        events_per_s: int = 0,
    ) -> None:
        self._pauses = pauses
        self._store = store
        self._clock = clock
        self._shared = shared
        self._name = name
        self._rest_ms = rest_ms
        self._views = every_view() if views is None else views
        self._batch = Batch(self._views, position=0)
        self._changed = asyncio.Event()
        self._has_capacity = asyncio.Event()
        self._end_pause = asyncio.Event()
        self._waiters = PositionWaiters()
        self._pace = Pace(events_per_s)
        self._committing = asyncio.Lock()

    @property
    def position(self) -> int:
        """The checkpoint of the views."""
        return self._waiters.position

    async def run(self, log: Log) -> None:
        """Follow `log` from the views' checkpoint until cancelled.

        While the store is unavailable the projector waits. Raises the error that made the log or an
        event unreadable, and `InUse` when another projector has taken over the views; the process
        should end then.
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

    def standing_still(self) -> asyncio.Lock:
        """Return a lock: while a task holds it, nothing is committed and the position stays."""
        return self._committing

    def lift_limit(self) -> None:
        """Fold as many events as there are from now on."""
        self._pace = Pace(0)

    def give_up(self) -> None:
        """End every wait of `reached`; each returns False."""
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
            await self._pace.keep(done)
            rest = rest[done:]
        if self._rest_ms and len(events) < REST_BELOW:
            await self._rest()

    async def _commit_batches(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            async with self._committing:
                events = await self._commit_batch()
            if self._pauses and EVENTS_PER_PAUSE_MS <= events < FULL_BATCH:
                pause_ms = min(events // EVENTS_PER_PAUSE_MS, LONGEST_PAUSE_MS)
                await self._pause(max(pause_ms, SHARED_PAUSE_MS) if self._shared else pause_ms)

    async def _commit_batch(self) -> int:
        """Commit what is folded; return the number of events."""
        events, position = self._batch.pending, self._batch.position
        changes = self._batch.take_changes()
        self._has_capacity.set()
        await self._commit(changes, position)
        self._batch.mark_committed()
        self._waiters.advance(position)
        return events

    async def _pause(self, pause_ms: int) -> None:
        """Pause, up to `IDLE_PAUSE_MS` as long as no task waits and the batch isn't full.

        The pause uses the loop's time, not the injected clock: projecting must not depend on how
        fast a simulated clock runs.
        """
        self._end_pause.clear()
        await asyncio.sleep(pause_ms / 1000)
        if not (self._shared or self._waiters):
            await self._until_needed(IDLE_PAUSE_MS - pause_ms)

    async def _rest(self) -> None:
        """Pause until a task waits or the rest is over, while events gather in the log."""
        self._end_pause.clear()
        if not self._waiters:
            await self._until_needed(self._rest_ms)

    async def _until_needed(self, longest_ms: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_ms / 1000):
                await self._end_pause.wait()

    async def _commit(self, changes: Sequence[Change], position: int) -> None:
        commit = partial(self._store.commit, changes, checkpoint=position)
        await retry(commit, clock=self._clock, log=_log, doing="committing views", policy=_RETRY)
