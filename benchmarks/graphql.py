"""GraphQL: a page of executions with their tasks beside REST lists, and many subscriptions on one.

The requests of all three subjects are sent in turn, one at a time. A REST list shows its runs
without their steps, so the page of GraphQL answers more.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from benchmarks.http_client import Connection, Server
from benchmarks.http_load import BASE, Client
from benchmarks.load import Load, quantile
from benchmarks.server import Running, baton_dev
from benchmarks.streams import cpu_s

STORED: Final = Load(shape="3-step", in_flight=50, seconds=300, runs=300)
ROUNDS: Final = 200
PAGE: Final = """query Page { workflowExecutions(first: 50) { edges { node {
  id workflowDefinitionId status startTime endTime
  taskExecutions { id taskDefinitionId status startTime endTime attempts error }
} } } }"""
SUBSCRIPTIONS: Final = 200
PER_SOCKET: Final = 10
STEPS: Final = 10
UPDATES: Final = """subscription Updates($id: ID!) { workflowExecutionUpdated(id: $id) {
  id status startTime endTime
  taskExecutions { id taskDefinitionId status startTime endTime attempts error }
} }"""
_BEGIN_MS: Final = 5_000
_WITHIN_S: Final = 60.0


def show(base: Path | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir=base) as folder, baton_dev(Path(folder)) as server:
        asyncio.run(_measure_all(server))


async def _measure_all(server: Running) -> None:
    http = Server(url=server.url, token=server.token)
    definition_id = server.definitions[STORED.shape]
    await Client(server=http, definition_id=definition_id).drive(STORED)
    await _compare_pages(http, f"{BASE}/{definition_id}/runs?pageSize=50")
    await _subscribe_many(server, http)


async def _compare_pages(server: Server, list_path: str) -> None:
    requests = {
        "GET /runs, 50 runs": server.request("GET", "/runs?limit=50"),
        "Centrali's list, 50 runs": server.request("GET", list_path),
        "GraphQL, 50 executions with tasks": server.request("POST", "/graphql", {"query": PAGE}),
    }
    took: dict[str, list[float]] = {name: [] for name in requests}
    connection = await server.connect()
    for _ in range(ROUNDS):
        for name, request in requests.items():
            took[name].append(await _time_ms(connection, request))
    connection.close()
    medians = {name: statistics.median(found) for name, found in took.items()}
    *lists, page = medians.values()
    for name, median in medians.items():
        _print(f"{name:34} {median:7.2f} ms")
    ratios = " and ".join(f"{page / one:.2f} ×" for one in lists)
    _print(f"the page of GraphQL takes {ratios} the time of the lists")


async def _time_ms(connection: Connection, request: bytes) -> float:
    begun = time.perf_counter()
    answer = await connection.ask(request)
    assert answer.status == 200, answer.body
    assert b'"errors"' not in answer.body, answer.body
    return (time.perf_counter() - begun) * 1_000


@dataclass(slots=True)
class Subscribers:
    """Subscriptions on one execution: their updates, and when each of them saw its end."""

    updates: int = 0
    ended_at: list[float] = field(default_factory=list)
    opened: int = 0
    all_open: asyncio.Event = field(default_factory=asyncio.Event)

    async def subscribe(self, session: aiohttp.ClientSession, server: Running, run_id: str) -> None:
        """Read the updates of the subscriptions of one socket until the execution has completed."""
        protocols = ("graphql-transport-ws",)
        async with session.ws_connect(f"{server.url}/graphql", protocols=protocols) as socket:
            await socket.send_json(_init(server.token))
            await socket.receive_json()
            payload = {"query": UPDATES, "variables": {"id": run_id}}
            for number in range(PER_SOCKET):
                await socket.send_json({"type": "subscribe", "id": f"{number}", "payload": payload})
            await self._count_until_all_ended(socket)

    async def _count_until_all_ended(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        opened, ended = set[str](), set[str]()
        while len(ended) < PER_SOCKET:
            message = orjson.loads(await socket.receive_str())
            if message["type"] != "next":
                continue
            self.updates += 1
            if message["id"] not in opened:
                opened.add(message["id"])
                self._count_opened()
            if _status_in(message) == "COMPLETED":
                ended.add(message["id"])
                self.ended_at.append(time.time())

    def _count_opened(self) -> None:
        self.opened += 1
        if self.opened == SUBSCRIPTIONS:
            self.all_open.set()


def _init(token: str) -> Mapping[str, object]:
    return {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}


def _status_in(message: Mapping[str, Any]) -> str:
    status: str = message["payload"]["data"]["workflowExecutionUpdated"]["status"]
    return status


async def _subscribe_many(server: Running, http: Server) -> None:
    connection = await http.connect()
    run_id = await _start_waiting_run(connection, http)
    subscribers = Subscribers()
    unlimited = aiohttp.TCPConnector(limit=0)
    async with (
        asyncio.timeout(_WITHIN_S),
        aiohttp.ClientSession(connector=unlimited) as session,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(SUBSCRIPTIONS // PER_SOCKET):
            group.create_task(subscribers.subscribe(session, server, run_id))
        await subscribers.all_open.wait()
        before = cpu_s(server.pid)
    used = cpu_s(server.pid) - before
    request = http.request("GET", f"/runs/{run_id}")
    ended = (await connection.ask(request)).json()["completedAt"]
    connection.close()
    _print_subscribers(subscribers, ended, used)


def _print_subscribers(found: Subscribers, ended: str, used: float) -> None:
    from baton.protocols.iso_time import parse_time  # noqa: PLC0415 - nothing else needs it

    delays = sorted(1_000 * at - parse_time(ended) for at in found.ended_at)
    _print(
        f"{len(delays)} subscriptions on one execution of {STEPS} steps: {found.updates:,}"
        f" updates, the last after p50 {quantile(delays, 0.5):,.0f} ms,"
        f" p99 {quantile(delays, 0.99):,.0f} ms, {used:.2f} s of processor"
    )


async def _start_waiting_run(connection: Connection, server: Server) -> str:
    """Start a run that waits, so that everybody can subscribe, and then calls its steps."""
    names = ["wait", *(f"s{number}" for number in range(STEPS))]
    steps = [
        {"id": name, "type": "compute", "functionId": "noop", "nextStepId": following}
        for name, following in zip(names[1:], [*names[2:], None], strict=True)
    ]
    wait = {"id": "wait", "type": "delay", "delayMs": _BEGIN_MS, "nextStepId": "s0"}
    body = {"slug": "late", "name": "late", "trigger": {"type": "on-demand"}}
    made = await connection.ask(server.request("POST", BASE, {**body, "steps": [wait, *steps]}))
    assert made.status == 201, made.body
    started = await connection.ask(server.request("POST", f"{BASE}/{made.json()['id']}/runs", {}))
    run_id: str = started.json()["id"]
    return run_id


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
