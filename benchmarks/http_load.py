"""Starts runs one by one through the API, in the dialect of Centrali's OpenAPI document."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.http_client import Connection, Server
from benchmarks.load import TENANT, Load, Measured, Quota, quantile

BASE = f"/orchestration/ws/{TENANT}/api/v1/orchestrations"
_LOOK_AGAIN_S = 0.02
_ALL_OVER_WITHIN_S = 300.0


class Unexpected(Exception):
    """The server's response was not the expected one."""


@dataclass(slots=True, kw_only=True)
class Client:
    """Starts runs of one definition; calls `watch` with the number of responses after each one."""

    server: Server
    definition_id: str
    watch: Callable[[int], None] | None = None
    took_ms: list[float] = field(default_factory=list)

    @property
    def _runs(self) -> str:
        return f"{BASE}/{self.definition_id}/runs"

    async def drive(self, load: Load) -> Measured:
        """Send `load.in_flight` requests at a time; return once all runs are completed."""
        self.took_ms = []
        before = await self._completed()
        quota, begun = Quota(load), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(load.in_flight):
                group.create_task(self._keep_posting(quota))
        await self._all_over(before + quota.started)
        return self._measured(load, quota.started, time.perf_counter() - begun)

    async def one_by_one(self, load: Load) -> Measured:
        """Start a run, poll it until it is completed, then start the next."""
        self.took_ms = []
        quota, begun = Quota(load), time.perf_counter()
        connection = await self.server.connect()
        while quota.take():
            before = time.perf_counter()
            run_id = await self._post(connection)
            await self._until_completed(connection, run_id)
            self.took_ms.append((time.perf_counter() - before) * 1_000)
        connection.close()
        return self._measured(load, quota.started, time.perf_counter() - begun)

    async def _keep_posting(self, quota: Quota) -> None:
        connection = await self.server.connect()
        while quota.take():
            before = time.perf_counter()
            await self._post(connection)
            self.took_ms.append((time.perf_counter() - before) * 1_000)
            if self.watch:
                self.watch(len(self.took_ms))
        connection.close()

    async def _post(self, connection: Connection) -> str:
        request = self.server.request("POST", self._runs, {"input": {"number": len(self.took_ms)}})
        answer = await connection.ask(request)
        if answer.status != 201:
            raise Unexpected(f"{answer.status} {answer.body!r}")
        run_id: str = answer.json()["id"]
        return run_id

    async def _until_completed(self, connection: Connection, run_id: str) -> None:
        request = self.server.request("GET", f"{self._runs}/{run_id}", prefer="wait=10")
        while (await connection.ask(request)).json()["status"] != "completed":
            pass

    async def _all_over(self, runs: int) -> None:
        async with asyncio.timeout(_ALL_OVER_WITHIN_S):
            missing = runs
            while missing:
                await asyncio.sleep(_LOOK_AGAIN_S)
                missing = runs - await self._completed()

    async def _completed(self) -> int:
        connection = await self.server.connect()
        request = self.server.request("GET", f"{self._runs}?status=completed&pageSize=1")
        total: int = (await connection.ask(request)).json()["meta"]["total"]
        connection.close()
        return total

    def _measured(self, load: Load, runs: int, seconds: float) -> Measured:
        return Measured(
            runs=runs,
            steps=runs * load.of.steps,
            seconds=seconds,
            cpu_seconds=0.0,  # of the server, which is another process
            rss_mib=0.0,
            p50_ms=quantile(self.took_ms, 0.5),
            p99_ms=quantile(self.took_ms, 0.99),
        )
