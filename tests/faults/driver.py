"""Sends commands over HTTP, concurrently, and records the outcome of each."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import aiohttp

from tests.faults.event_log import Log
from tests.faults.history import History, Operation

CONCURRENCY = 50
ORCHESTRATIONS = "/orchestration/api/v1/workspaces/demo/orchestrations"
OK = range(200, 300)
REFUSED = frozenset(range(400, 500)) - {409}
"""Statuses of requests without an effect. 409 isn't one: an earlier request of the key may run."""


class Target(Protocol):
    """The installation under test; its history is written to `folder`."""

    folder: Path

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> dict[str, str]: ...

    async def events(self, *, after: int = 0) -> Log: ...

    def log_tail(self) -> str: ...


T = TypeVar("T", bound=Target)


@dataclass(slots=True)
class Driver(Generic[T]):
    """A client of an installation that faults may end at any time."""

    installation: T
    history: History
    session: aiohttp.ClientSession

    async def create(self, definition: dict[str, Any]) -> str:
        """Create an orchestration and return its id."""
        status, answer = await self.call("POST", ORCHESTRATIONS, json=definition)
        assert status == 201, answer
        return str(answer["id"])

    async def start(self, definition: str, inputs: Mapping[str, object]) -> list[Operation]:
        """Start one run for each input; failures are outcomes, not exceptions.

        Args:
            definition: The id of the orchestration.
            inputs: The runs' inputs, by Idempotency-Key.
        """
        slots = asyncio.Semaphore(CONCURRENCY)

        async def one(key: str) -> Operation:
            async with slots:
                return await self._start_one(definition, key, inputs[key])

        return list(await asyncio.gather(*map(one, inputs)))

    async def call(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """Return status and body of the answer; without one, aiohttp's exception is raised."""
        headers = {**self.installation.headers, **more.pop("headers", {})}
        async with self.session.request(
            method, self.installation.url + path, headers=headers, **more
        ) as response:
            answer = await response.json(content_type=None)
            return response.status, answer

    async def unfinished(self) -> int:
        """Return the number of runs that have not ended."""
        total = await self.count()
        ended = [await self.count(status) for status in ("completed", "failed", "cancelled")]
        return total - sum(ended)

    async def count(self, status: str | None = None) -> int:
        """Return the number of runs, or of those with a status."""
        only = "" if status is None else f"&status={status}"
        _, answer = await self.call("GET", f"/runs?limit=1{only}")
        return int(answer["total"])

    async def _start_one(self, definition: str, key: str, run_input: object) -> Operation:
        operation = Operation("start", key, time.time())
        path = f"{ORCHESTRATIONS}/{definition}/trigger"
        try:
            operation.status, answer = await self.call(
                "POST", path, json={"input": run_input}, headers={"Idempotency-Key": key}
            )
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            operation.outcome = "info"
        else:
            operation.answer = answer
            if operation.status in OK:
                operation.outcome, operation.run_id = "ok", answer["id"]
            elif operation.status in REFUSED:
                operation.outcome = "fail"
        self.history.record(operation)
        return operation

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.session.close()
        self.history.close()


def driving(installation: T) -> Driver[T]:
    """Return a driver that writes its history to the installation's folder."""
    session = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=30), connector=aiohttp.TCPConnector(limit=0)
    )
    return Driver(installation, History(installation.folder / "history.ndjson"), session)
