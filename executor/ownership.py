"""Connects an executor to the log: it takes runs over when partitions are assigned to it."""

import logging
from collections.abc import Awaitable, Callable

from baton.domain.run.decisions import DECIDER
from baton.domain.stream import stream_name
from baton.eventlog.ports.partitions import OwnsStream
from baton.eventlog.ports.stores import EventStore
from baton.executor.executor import Executor
from baton.projector.views.runs.queries import RunQueries

VIEWS_LOG_INTERVAL_MS = 10_000
"""Interval of the log lines while the views are behind."""

_log = logging.getLogger("baton.executor")


class Ownership:
    """Implements `PartitionOwner` for an executor.

    Args:
        executor: Gets the runs of assigned partitions.
        store: Gives the position that the views must reach before they are read.
        runs: The view that lists unfinished runs; it may lag behind the log.
        reached: Called with a position and a timeout in milliseconds; returns whether the views
            reached the position in time.
    """

    def __init__(
        self,
        executor: Executor,
        store: EventStore,
        runs: RunQueries,
        reached: Callable[[int, int], Awaitable[bool]],
    ) -> None:
        self._executor = executor
        self._store = store
        self._runs = runs
        self._reached = reached
        self._deferred = False  # whether a hold delayed the takeover of assigned runs

    def already_seen(self, stream: str, version: int) -> bool:
        """Return whether an event is the echo of an own append or belongs to a finished run."""
        return self._executor.already_seen(stream, version)

    async def gain(self, owns: OwnsStream) -> None:
        """Take over the unfinished runs of assigned partitions; later events come from the log.

        While the server is held, the takeover waits for the release.
        """
        self._executor.assign(owns)
        if self._executor.held:
            self._deferred = True
            return
        await self._take_over(owns, paused_only=False)

    async def release(self) -> None:
        """Continue after a hold on the server; raises `Unavailable`, and is then repeated."""
        self._executor.release()
        await self._take_over(self._executor.is_assigned, paused_only=not self._deferred)
        self._deferred = False

    async def _take_over(self, owns: OwnsStream, *, paused_only: bool) -> None:
        head = await self._store.head()
        while not await self._reached(head, VIEWS_LOG_INTERVAL_MS):
            _log.info("waiting for the views to reach position %d", head)
        after = ""
        while active := await self._runs.active(after=after):
            streams = (
                stream_name(run.tenant, DECIDER.name, run.id)
                for run in active
                if run.status == "paused" or not paused_only
            )
            await self._executor.take_over_runs(stream for stream in streams if owns(stream))
            after = active[-1].id

    async def lose(self, owns: OwnsStream) -> None:
        """Abandon the runs of revoked partitions and release their running attempts."""
        await self._executor.revoke(owns)
