"""A cluster under fault, with direct access to its database and topics for the checks."""

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
from tests.faults.quiescence import describe_unfinished_runs
from tests.faults.side_effect_log import VARIABLE
from tests.faults.topic_log import read_runs_topic
from tests.kit.eventually import eventually, eventually_moving
from tests.servers.cluster import Cluster

POLL_S = 0.1
STILL_S = 30.0

_UNFINISHED = """
SELECT count(*) FILTER (WHERE topic IN ('run.RunRequested', 'run.RunReopened'))
    - count(*) FILTER (WHERE topic IN ('run.RunCompleted', 'run.RunFailed', 'run.RunCancelled')),
    coalesce(max(notification_id), 0)
FROM public.stored_events
"""
_STARTED_BY_EVENTS = """
SELECT count(*) FROM public.stored_events WHERE topic = 'run.RunRequested'
    AND convert_from(state, 'UTF8')::json -> 'trigger' ->> 'kind' = 'record'
"""
_LEASES = "SELECT name, holder, epoch FROM baton.leases WHERE $1 OR holder <> ''"
_IDLE = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"


class NoApiIsUp(ConnectionError):
    """No API service is ready."""


class Unfinished(NamedTuple):
    """The number of runs that have not ended, and the last position of the log."""

    runs: int
    head: int


class FaultCluster(Cluster):
    """Baton's services behind proxies; the checks reach the servers directly."""

    def __init__(
        self,
        folder: Path,
        *,
        database: str,
        kafka: str,
        store: str | None = None,
        **environment: str,
    ) -> None:
        """Describe the cluster; nothing starts yet.

        Args:
            folder: Working directory of the services, and the place of their logs.
            database: URL of the database for the checks.
            kafka: URL of the Kafka broker, for services and checks.
            store: URL of the database for the services, such as a proxy's; `database` if None.
            environment: Further environment variables of every service.
        """
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
        """The address of an API service that is ready, of each in turn; raises `NoApiIsUp`."""
        urls = [one.url for one in self.of("api") if one.alive and one.url]
        if not urls:
            raise NoApiIsUp
        return urls[next(self._turns) % len(urls)]

    async def events(self, *, after: int = 0) -> Log:
        """Return the events after a position."""
        return await read_store(self.database, after=after)

    async def published(self) -> list[Published]:
        """Return every message of the topic of run events, by partition."""
        return await read_runs_topic(self.log, self.runs_topic)

    async def unfinished(self) -> Unfinished:
        """Return the number of runs that have not ended, and the head of the log."""
        connection = await asyncpg.connect(self.database)
        try:
            row = await connection.fetchrow(_UNFINISHED)
        finally:
            await connection.close()
        assert row is not None
        return Unfinished(*row)

    async def wait_until_started_by_events(self, count: int, *, bound_s: float) -> None:
        """Wait until record events have started `count` runs."""
        connection = await asyncpg.connect(self.database)
        started = 0

        async def all_started() -> bool:
            nonlocal started
            started = int(await connection.fetchval(_STARTED_BY_EVENTS))
            return started >= count

        try:
            await eventually(
                all_started,
                within_s=bound_s,
                every_s=10 * POLL_S,
                explain=lambda: f"{started} of {count} runs have started\n{self.log_tail()}",
            )
        finally:
            await connection.close()

    async def leases(self, *, released: bool = False) -> list[LeaseObservation]:
        """Return every lease and its holder.

        Args:
            released: Whether to include leases without a holder.
        """
        connection = await asyncpg.connect(self.database)
        try:
            rows = await connection.fetch(_LEASES, released)
        finally:
            await connection.close()
        return [LeaseObservation(*row) for row in rows]

    async def idle_in_transaction(self) -> int:
        """Return the number of connections that are idle in a transaction."""
        connection = await asyncpg.connect(self.database)
        try:
            return int(await connection.fetchval(_IDLE))
        finally:
            await connection.close()

    async def wait_until_all_ended(self, *, bound_s: float = 60.0) -> float:
        """Wait until every run has ended; return the seconds that this took."""
        begun = time.monotonic()
        await eventually_moving(
            self.unfinished,
            lambda unfinished: unfinished.runs <= 0,
            still_s=STILL_S,
            within_s=bound_s,
            every_s=POLL_S,
            explain=self.describe_unfinished_runs,
        )
        return time.monotonic() - begun

    async def wait_until_caught_up(self, *, bound_s: float) -> int:
        """Wait until the relay and the projector have reached the head of the log; return it."""
        head = (await self.unfinished()).head
        for metric in ("baton_relay_position", "baton_projector_position"):

            async def has_reached(metric: str = metric) -> bool:
                return await self._highest(metric) >= head

            await eventually(has_reached, within_s=bound_s, every_s=POLL_S)
        return head

    async def _highest(self, metric: str) -> float:
        """Return the highest value of a metric among the services."""
        up = [one for one in self.services.values() if one.alive and one.url]
        return max([(await one.metrics()).get(metric, 0.0) for one in up])

    async def describe_unfinished_runs(self) -> str:
        """Return the events of unfinished runs, and the metrics of every service."""
        shown = [await describe_unfinished_runs(self)]
        for one in self.services.values():
            with suppress(aiohttp.ClientError, TimeoutError, ValueError):
                async with asyncio.timeout(2):
                    metrics = {k: v for k, v in (await one.metrics()).items() if "baton" in k}
                shown.append(f"{one.name}: {metrics}")
        return "\n".join(shown)
