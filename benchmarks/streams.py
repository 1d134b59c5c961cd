"""Live streams: the processor time that each further subscriber and event costs a server.

The same runs are started with no subscriber and with many; the difference of the server's processor
time, divided by subscribers and events, is the cost. Subscribers only count lines.
"""

import asyncio
import base64
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from benchmarks.http_client import Server
from benchmarks.http_load import Client
from benchmarks.load import Load
from benchmarks.server import Running, baton_dev

Transport = Literal["ndjson", "websocket"]
TRANSPORTS: Final[tuple[Transport, ...]] = ("ndjson", "websocket")
SUBSCRIBERS: Final = (1, 50, 200)
LOAD: Final = Load(shape="3-step", in_flight=50, seconds=300, runs=500)
EVENTS: Final = LOAD.runs * (2 * LOAD.of.steps + 3)
"""A run is requested, started and completed; a step is started and succeeds."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_ALL_WITHIN_S: Final = 300.0
_LINE: Final = b'{"position"'
_UPGRADE: Final = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The server's processor seconds for the runs, and the runs per second."""

    cpu_s: float
    runs_per_s: float


class Counter(asyncio.Protocol):
    """A subscriber that counts the events it receives, over either transport."""

    def __init__(self, request: bytes) -> None:
        self.events = 0
        self.opened = asyncio.get_running_loop().create_future()
        self.done = asyncio.Event()
        self._request = request
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count the beginnings of lines; one may be split between two reads."""
        if not self.opened.done():
            self.opened.set_result(data[9:12])
        data = self._rest + data
        self.events += data.count(_LINE)
        self._rest = data[1 - len(_LINE) :]
        if self.events >= EVENTS:
            self.done.set()


def show(base: Path | None) -> None:
    """Measure and print the costs."""
    with tempfile.TemporaryDirectory(dir=base) as folder, baton_dev(Path(folder)) as server:
        asyncio.run(_measure_all(server))


async def _measure_all(server: Running) -> None:
    await _measure(server, "ndjson", 0)  # warms caches
    alone = await _measure(server, "ndjson", 0)
    _print(f"no subscriber: {alone.runs_per_s:,.0f} runs/s, {alone.cpu_s:.2f} s of processor")
    for transport in TRANSPORTS:
        for subscribers in SUBSCRIBERS:
            cost = await _measure(server, transport, subscribers)
            each_us = (cost.cpu_s - alone.cpu_s) / subscribers / EVENTS * 1_000_000
            _print(
                f"{subscribers:>4} {transport:<9} {EVENTS:,} events each:"
                f" {cost.runs_per_s:,.0f} runs/s, {cost.cpu_s:.2f} s of processor,"
                f" {each_us:.2f} µs per subscriber and event"
            )


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _measure(server: Running, transport: Transport, subscribers: int) -> Cost:
    counters = [await _subscribe(server, transport) for _ in range(subscribers)]
    client = Client(
        server=Server(url=server.url, token=server.token),
        definition_id=server.definitions[LOAD.shape],
    )
    before = cpu_s(server.pid)
    measured = await client.drive(LOAD)
    async with asyncio.timeout(_ALL_WITHIN_S):
        for _, counter in counters:
            await counter.done.wait()
    used_s = cpu_s(server.pid) - before
    for connection, _ in counters:
        connection.close()
    return Cost(cpu_s=used_s, runs_per_s=measured.runs_per_s)


async def _subscribe(
    server: Running, transport: Transport
) -> tuple[asyncio.BaseTransport, Counter]:
    where = urlsplit(server.url)
    request = (
        f"GET /stream HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {server.token}\r\n"
        f"{_UPGRADE if transport == 'websocket' else ''}\r\n"
    )
    connection, counter = await asyncio.get_running_loop().create_connection(
        lambda: Counter(request.encode()), where.hostname or "", where.port or 80
    )
    assert await counter.opened == (b"101" if transport == "websocket" else b"200")
    return connection, counter


def cpu_s(pid: int) -> float:
    """Return the processor seconds of a process, from Linux's /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
