"""Which runs are this executor's: those whose streams are in its shares of the log."""

import logging
from collections.abc import Awaitable, Callable

from baton.domain.run.decisions import DECIDER
from baton.domain.stream import stream_name
from baton.eventlog.ports.partitions import OwnsStream
from baton.eventlog.ports.stores import EventStore
from baton.executor.executor import Executor
from baton.projector.views.runs.queries import RunQueries

VIEWS_LOG_INTERVAL_MS = 10_000
"""After how long a wait for the views is told."""

_log = logging.getLogger("baton.executor")


class Ownership:
    """Implements `PartitionOwner` for an executor.

    `reached(position, timeout_ms)` tells whether the views hold `position` in time: they list the
    runs to take up, and may be behind.
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

    def already_seen(self, stream: str, version: int) -> bool:
        """Whether an event is the echo of an own append, or of a run that is over."""
        return self._executor.already_seen(stream, version)

    async def gain(self, owns: OwnsStream) -> None:
        """Take up the share's unfinished runs; whatever they were asked later, the log shows."""
        self._executor.assign(owns)
        head = await self._store.head()
        while not await self._reached(head, VIEWS_LOG_INTERVAL_MS):
            _log.info("waiting for the views to hold position %d", head)
        after = ""
        while found := await self._runs.active(after=after):
            streams = (stream_name(run.tenant, DECIDER.name, run.id) for run in found)
            await self._executor.take_over_runs(stream for stream in streams if owns(stream))
            after = found[-1].id

    async def lose(self, owns: OwnsStream) -> None:
        """Let go of the share's runs."""
        self._executor.revoke(owns)
