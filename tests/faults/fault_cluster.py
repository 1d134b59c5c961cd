"""A cluster under fault with what is needed to judge it: its log, its topics, what is under way."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import aiohttp
import asyncpg

from tests.faults.distributed_checkers import LeaseObservation, Published
from tests.faults.event_log import Log, read_store
from tests.faults.quiescence import Stuck, stuck
from tests.faults.side_effect_log import VARIABLE
from tests.faults.topic_log import read_runs_topic
from tests.servers.cluster import Cluster

POLL_S = 0.1
STILL_S = 30.0

_UNDER_WAY = """
SELECT count(*) FILTER (WHERE topic IN ('run.RunRequested', 'run.RunReopened'))
    - count(*) FILTER (WHERE topic IN ('run.RunCompleted', 'run.RunFailed', 'run.RunCancelled')),
    coalesce(max(notification_id), 0)
FROM public.stored_events
"""
_BY_EVENTS = """
SELECT count(*) FROM public.stored_events WHERE topic = 'run.RunRequested'
    AND convert_from(state, 'UTF8')::json -> 'trigger' ->> 'kind' = 'record'
"""
_LEASES = "SELECT name, holder, epoch FROM baton.leases WHERE $1 OR holder <> ''"
_IDLE = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"


class NobodyAnswers(ConnectionError):
    """No api is up."""


class UnderWay(NamedTuple):
    """How many runs are not over, and where the log ends."""

    runs: int
    head: int


class FaultCluster(Cluster):
    """Baton's services, and the direct addresses of the servers they may reach through proxies."""

    def __init__(
        self,
        folder: Path,
        *,
        database: str,
        kafka: str,
        store: str | None = None,
        **environment: str,
    ) -> None:
        """`database` and `kafka` are asked directly; `store` is where the services find theirs."""
        self.side_effect_log = folder / "side_effects"
        super().__init__(
            folder,
            store=store or database,
            log=kafka,
            functions="tests.faults.functions",
            **{VARIABLE: str(self.side_effect_log), **environment},
        )
        self.database = database
        self._turns: Iterator[int] = cycle(range(1_000))

    @property
    def url(self) -> str:
        """The address of one of the apis that are up, in turns; raises NobodyAnswers."""
        urls = [one.url for one in self.of("api") if one.alive and one.url]
        if not urls:
            raise NobodyAnswers
        return urls[next(self._turns) % len(urls)]

    async def events(self, *, after: int = 0) -> Log:
        """Return the events behind a position."""
        return await read_store(self.database, after=after)

    async def published(self) -> list[Published]:
        """Return every message of the topic of run events, by partition."""
        return await read_runs_topic(self.log, self.runs_topic)

    async def under_way(self) -> UnderWay:
        """Return how many runs are not over."""
        connection = await asyncpg.connect(self.database)
        try:
            row = await connection.fetchrow(_UNDER_WAY)
        finally:
            await connection.close()
        assert row is not None
        return UnderWay(*row)

    async def started_by_events(self, count: int, *, bound_s: float) -> None:
        """Wait until record events have started so many runs; raises Stuck."""
        deadline = time.monotonic() + bound_s
        connection = await asyncpg.connect(self.database)
        try:
            while (there := int(await connection.fetchval(_BY_EVENTS))) < count:
                if time.monotonic() > deadline:
                    raise Stuck(f"{there} of {count} events have started a run\n{self.log_tail()}")
                await asyncio.sleep(10 * POLL_S)
        finally:
            await connection.close()

    async def sighted(self, *, released: bool = False) -> list[LeaseObservation]:
        """Return who holds which lease now; those that nobody holds too if `released`."""
        connection = await asyncpg.connect(self.database)
        try:
            rows = await connection.fetch(_LEASES, released)
        finally:
            await connection.close()
        return [LeaseObservation(*row) for row in rows]

    async def idle_in_transaction(self) -> int:
        """Return how many connections were left in the middle of something."""
        connection = await asyncpg.connect(self.database)
        try:
            return int(await connection.fetchval(_IDLE))
        finally:
            await connection.close()

    async def quiesced(self, *, bound_s: float = 60.0) -> float:
        """Return how many seconds it took until every run was over; raises Stuck."""
        begun = moved = time.monotonic()
        before = UnderWay(-1, -1)
        while (now_there := await self.under_way()).runs:
            now = time.monotonic()
            if now_there != before:
                before, moved = now_there, now
            if now - moved > STILL_S or now - begun > bound_s:
                raise Stuck(await self.stuck())
            await asyncio.sleep(POLL_S)
        return time.monotonic() - begun

    async def caught_up(self, *, bound_s: float) -> int:
        """Wait until the log is published and in the views, up to the position that is returned.

        Raises TimeoutError.
        """
        head = (await self.under_way()).head
        async with asyncio.timeout(bound_s):
            for name in ("baton_relay_position", "baton_projector_position"):
                await self._reached(name, head)
        return head

    async def _reached(self, metric: str, head: int) -> None:
        while True:
            if await self._furthest(metric) >= head:
                return
            await asyncio.sleep(POLL_S)

    async def _furthest(self, metric: str) -> float:
        """Return the greatest value that a service shows for a metric."""
        up = [one for one in self.services.values() if one.alive and one.url]
        return max([(await one.metrics()).get(metric, 0.0) for one in up])

    async def stuck(self) -> str:
        """Return what is under way, what the log says of it, and what the services say."""
        shown = [await stuck(self)]
        for one in self.services.values():
            with suppress(aiohttp.ClientError, TimeoutError, ValueError):
                async with asyncio.timeout(2):
                    metrics = {k: v for k, v in (await one.metrics()).items() if "baton" in k}
                shown.append(f"{one.name}: {metrics}")
        return "\n".join(shown)
