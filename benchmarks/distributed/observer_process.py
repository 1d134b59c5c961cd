"""Observes an installation during a load: `python -m benchmarks.distributed.observer_process VIEW`.

Samples the position of each follower and times queries one after the other until standard input
ends; then prints both.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import cycle

import asyncpg
import uvloop

from benchmarks.http_client import Connection, Server
from benchmarks.http_load import BASE
from benchmarks.processes import print_json

_EVERY_S = 0.02
_BETWEEN_QUERIES_S = 0.02
_POSITIONS = """
SELECT (SELECT max(notification_id) FROM public.stored_events),
    (SELECT checkpoint FROM baton.view_checkpoints JOIN baton.view_sets USING (number)
        WHERE live AND kind = 'views'),
    (SELECT notification_id FROM public.notification_tracking WHERE application_name = 'relay')"""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The store to sample, and the API and definition to query."""

    store: str
    url: str
    token: str
    definition_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`positions` are (wall clock ms, newest event, views, relay); `queries_ms` by query."""

    positions: list[tuple[int, int, int, int]] = field(default_factory=list)
    queries_ms: dict[str, list[float]] = field(default_factory=dict)


def wall_ms() -> int:
    """Return the wall-clock time in ms, as in events."""
    return time.time_ns() // 1_000_000


async def sample(view: View, seen: Seen) -> None:
    """Sample all positions periodically."""
    connection = await asyncpg.connect(view.store)
    while True:
        ((head, views, relay),) = await connection.fetch(_POSITIONS)
        seen.positions.append((wall_ms(), head or 0, views or 0, relay or 0))
        await asyncio.sleep(_EVERY_S)


async def query(view: View, seen: Seen) -> None:
    """Query lists and single runs, as a page in a browser would."""
    server = Server(url=view.url, token=view.token)
    connection = await server.connect()
    runs = f"{BASE}/{view.definition_id}/runs"
    newest = await _newest(server, connection, runs)
    paths: Mapping[str, str] = {
        "a run": f"{runs}/{newest}",
        "a run's steps": f"{runs}/{newest}/steps",
        "a page of runs": f"{runs}?pageSize=20",
        "completed runs, counted": f"{runs}?status=completed&pageSize=1",
        "definitions": BASE,
    }
    requests = {name: server.request("GET", path) for name, path in paths.items()}
    for name, request in cycle(requests.items()):
        begun = time.perf_counter()
        answer = await connection.ask(request)
        assert answer.status == 200, answer.body
        seen.queries_ms.setdefault(name, []).append((time.perf_counter() - begun) * 1_000)
        await asyncio.sleep(_BETWEEN_QUERIES_S)


async def _newest(server: Server, connection: Connection, runs: str) -> str:
    answer = await connection.ask(server.request("GET", f"{runs}?pageSize=1"))
    run_id: str = answer.json()["data"][0]["id"]
    return run_id


async def observed(view: View) -> Seen:
    """Observe until standard input ends."""
    seen = Seen()
    looking = [asyncio.create_task(act(view, seen)) for act in (sample, query)]
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([*looking, ended], return_when=asyncio.FIRST_COMPLETED)
    for task in looking:
        if task.done():
            task.result()
        task.cancel()
    return seen


if __name__ == "__main__":
    asked = View(**json.loads(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(observed(asked)))
