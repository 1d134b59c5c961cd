"""Observes an installation under full load: lags over time, and durations of queries."""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asyncpg
import orjson

from benchmarks.distributed.driving import driven
from benchmarks.distributed.installation import Installation
from benchmarks.distributed.lag import Observation, Wait, lags
from benchmarks.distributed.observer_process import View
from benchmarks.load import Load
from benchmarks.processes import LONGEST_S, MeasurementFailed, command_of, environment

_AFTERWARDS_S = 2.0
_BEFORE_S = 0.5
_WAITS = """
SELECT (convert_from(started.state, 'UTF8')::json ->> 'at')::bigint,
    (convert_from(requested.state, 'UTF8')::json ->> 'at')::bigint
FROM public.stored_events AS started
JOIN public.stored_events AS requested
ON requested.originator_id = started.originator_id AND requested.originator_version = 1
WHERE started.topic = 'run.RunStarted' AND started.notification_id > $1
ORDER BY started.notification_id"""
_HEAD = "SELECT coalesce(max(notification_id), 0) FROM public.stored_events"


def observe(it: Installation, load: Load) -> Observation:
    """Run a load while an observer process samples, until every follower has caught up."""
    begun = asyncio.run(_rows(it.store, _HEAD))[0][0]
    with _observer(it, load.shape) as watching:
        (results,) = driven(it, [load])
        time.sleep(_AFTERWARDS_S)
        output, error = watching.communicate(timeout=LONGEST_S)
    if watching.returncode:
        raise MeasurementFailed(f"observer: {error.decode()[-2_000:]}")
    seen = orjson.loads(output)
    first = seen["positions"][0][0]
    waits = asyncio.run(_rows(it.store, _WAITS, begun))
    return Observation(
        lags=lags(seen["positions"]),
        waits=[Wait(at_ms=at - first, waited_ms=max(0, at - asked)) for at, asked in waits],
        ended_ms=results.over_ms - first,
        queries_ms=seen["queries_ms"],
        steps_per_s=results.measured.steps_per_s,
    )


@contextmanager
def _observer(it: Installation, shape: str) -> Iterator["subprocess.Popen[bytes]"]:
    api = it.api
    view = View(store=it.store, url=api.url, token=api.token, definition_id=it.definitions[shape])
    watching = subprocess.Popen(
        command_of("distributed.observer_process", view),
        cwd=it.folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(_BEFORE_S)
    try:
        yield watching
    finally:
        watching.kill()
        watching.wait()


async def _rows(store: str, statement: str, *values: int) -> Sequence[Sequence[int]]:
    connection = await asyncpg.connect(store)
    try:
        return [tuple(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()
