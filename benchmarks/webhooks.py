"""Webhooks: deliveries per second to a local receiver, their cost, and what a silent one costs.

A second receiver doubles the deliveries. First it answers and then it never does, so that the cost
of its silence is told from that of its deliveries.

The receiver runs in this process, beside the clients that start the runs, so its work counts
against the deliveries.
"""

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web

from baton.protocols.iso_time import parse_time
from benchmarks.http_client import Server
from benchmarks.http_load import Client
from benchmarks.load import Load, quantile
from benchmarks.server import Running, baton_dev

LOAD: Final = Load(shape="3-step", in_flight=50, seconds=300, runs=500)
EVENTS: Final = ("workflow.execution.completed", "task.execution.completed")
DELIVERIES: Final = LOAD.runs * (LOAD.of.steps + 1)
ROUNDS: Final = 7
_ALL_WITHIN_S: Final = 120.0
_ENVIRONMENT: Final = {"BATON_WEBHOOKS_ALLOW_PRIVATE": "true"}


@dataclass(slots=True)
class Receiver:
    """Counts messages and keeps their delay: from the event to the arrival, in ms."""

    url: str = ""
    delays_ms: list[float] = field(default_factory=list)
    all_here: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """Take a message."""
        body = json.loads(await request.read())
        self.delays_ms.append(1_000 * time.time() - parse_time(body["timestamp"]))
        if len(self.delays_ms) == DELIVERIES:
            self.all_here.set()
        return web.Response()


@dataclass(slots=True)
class Other:
    """A second receiver; once it is silent, it never answers."""

    silent: bool = False

    async def take(self, _: web.Request) -> web.Response:
        """Take a message, or leave its sender waiting."""
        if self.silent:
            await asyncio.get_running_loop().create_future()
        return web.Response()


def show(base: Path | None) -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory(dir=base) as folder,
        baton_dev(Path(folder), more=_ENVIRONMENT) as server,
    ):
        asyncio.run(_measure_all(server, Path(folder) / "baton-data"))


async def _measure_all(server: Running, data: Path) -> None:
    async with _receiving() as (receiver, other, other_url):
        await _run(server)  # warms caches
        _print(f"no webhook: {await _run(server):,.0f} runs/s")
        await _register(server, receiver.url)
        before = _stored(data)
        await _delivered(server, receiver, "one receiver")
        events, size = (now - then for now, then in zip(_stored(data), before, strict=True))
        _print(f"a delivery: {events / DELIVERIES:.2f} events, {size / DELIVERIES:,.0f} bytes")
        alone = await _p99_of_rounds(server, receiver, "one receiver")
        await _register(server, other_url)
        beside = await _p99_of_rounds(server, receiver, "beside another one")
        other.silent = True
        silent = await _p99_of_rounds(server, receiver, "beside one that never answers")
        _print(
            f"one that never answers makes the p99 of the other {silent / beside:.2f} × of that"
            f" beside one that answers, {silent / alone:.2f} × of that alone"
        )


async def _p99_of_rounds(server: Running, receiver: Receiver, name: str) -> float:
    """Return the median of the rounds' 99th percentiles."""
    return statistics.median([await _delivered(server, receiver, name) for _ in range(ROUNDS)])


async def _delivered(server: Running, receiver: Receiver, name: str) -> float:
    """Deliver the events of some runs; return the 99th percentile of the delays (ms)."""
    receiver.delays_ms.clear()
    receiver.all_here.clear()
    begun = time.perf_counter()
    runs_per_s = await _run(server)
    async with asyncio.timeout(_ALL_WITHIN_S):
        await receiver.all_here.wait()
    took = time.perf_counter() - begun
    delays = sorted(receiver.delays_ms)
    _print(
        f"{name}: {runs_per_s:,.0f} runs/s, {DELIVERIES / took:,.0f} deliveries/s,"
        f" p50 {quantile(delays, 0.5):,.0f} ms, p99 {quantile(delays, 0.99):,.0f} ms"
    )
    return quantile(delays, 0.99)


async def _run(server: Running) -> float:
    client = Client(
        server=Server(url=server.url, token=server.token),
        definition_id=server.definitions[LOAD.shape],
    )
    return (await client.drive(LOAD)).runs_per_s


async def _register(server: Running, url: str) -> None:
    connection = await Server(url=server.url, token=server.token).connect()
    request = Server(url=server.url, token=server.token).request(
        "POST", "/webhooks", {"url": url, "events": list(EVENTS)}
    )
    answer = await connection.ask(request)
    assert answer.status == 201, answer.body
    connection.close()


def _stored(data: Path) -> tuple[int, int]:
    """Return the number of events of deliveries and the bytes of their state."""
    uri = f"file:{data / 'baton.db'}?mode=ro"
    with sqlite3.connect(uri, uri=True) as database:
        count, size = database.execute(
            "SELECT count(*), coalesce(sum(length(state)), 0) FROM stored_events"
            " WHERE topic LIKE 'delivery.%'"
        ).fetchone()
    return int(count), int(size)


@asynccontextmanager
async def _receiving() -> AsyncIterator[tuple[Receiver, Other, str]]:
    receiver, other, app = Receiver(), Other(), web.Application()
    app.router.add_post("/take", receiver.take)
    app.router.add_post("/other", other.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}/take"
    try:
        yield receiver, other, f"http://127.0.0.1:{port}/other"
    finally:
        await runner.cleanup()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
