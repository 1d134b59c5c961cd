"""Imports runs and times lists: `python -m benchmarks.as_of_process RUNS READS`."""

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import uvloop

from baton.command_api.as_of import services_as_of
from baton.command_api.services import Services
from baton.domain.definition.state import State as Definition
from baton.eventlog.ports.views import Query
from baton.projector.views.runs.queries import RunFilter
from benchmarks.engine import Engine, engine
from benchmarks.imported_runs import SHAPE, START, import_runs
from benchmarks.load import TENANT, Load, Measured, quantile
from benchmarks.processes import print_json
from benchmarks.shapes import SHAPES

CAUGHT_UP_MS: Final = 3_600_000
PAGE: Final = 50
AT_REST_S: Final = 600
"""The time that the work of the start may take."""

Read = Callable[[Services], Awaitable[Any]]


async def measured(runs: int, reads: int) -> dict[str, Any]:
    """Return the figures."""
    folder = Path("baton-data")
    head = await import_runs(folder, runs)
    begun = time.perf_counter()
    async with engine(folder) as it:
        history = it.process.context.history_position
        assert await it.process.services.reached(head, CAUGHT_UP_MS)
        assert await history.reached(head, CAUGHT_UP_MS)
        folded_s = time.perf_counter() - begun
        await _at_rest()
        services = it.process.services
        alone = await _timed(services, head, reads)
        definition = await it.define(SHAPES[SHAPE])
        quiet = await it.drive(definition, Load(shape=SHAPE, in_flight=20, seconds=3.0))
        timing = asyncio.create_task(_timed(services, head, reads))
        loaded = await _driven(it, definition, timing)
        beside = await timing
        size = history_bytes(folder)
        spans = (await it.process.context.stores.history.find(_every_span())).total
    return {
        "runs": runs,
        "spans": spans,
        "bytes_per_run": size / (runs + quiet.runs + sum(one.runs for one in loaded)),
        "folded_s": folded_s,
        "alone": alone,
        "beside": beside,
        "steps_per_s_alone": quiet.steps / quiet.seconds,
        "steps_per_s": sum(one.steps for one in loaded) / sum(one.seconds for one in loaded),
    }


async def _driven(
    it: Engine, definition: Definition, beside: asyncio.Task[Any]
) -> Sequence[Measured]:
    """Return the results of loads, one after the other until a task has ended."""
    found = []
    while not beside.done():
        found.append(await it.drive(definition, Load(shape=SHAPE, in_flight=20, seconds=5.0)))
    return found


async def _at_rest() -> None:
    """Wait until the work of the start has ended, such as reading every run that waits."""
    deadline, quiet = time.monotonic() + AT_REST_S, 0
    while quiet < 3 and time.monotonic() < deadline:
        used = time.process_time()
        await asyncio.sleep(1)
        quiet = quiet + 1 if time.process_time() - used < 0.1 else 0


def history_bytes(folder: Path) -> int:
    """Return the size of the files of the history."""
    return sum(file.stat().st_size for file in folder.glob("history-*.db*"))


async def _timed(services: Services, head: int, reads: int) -> dict[str, Mapping[str, float]]:
    return {name: await _quantiles(services, head, reads, read) for name, read in _reads().items()}


async def _quantiles(services: Services, head: int, reads: int, read: Read) -> Mapping[str, float]:
    rng, took = random.Random(1), list[float]()
    for _ in range(reads):
        begun = time.perf_counter()
        await read(await services_as_of(services, rng.randrange(head // 10, head)))
        took.append((time.perf_counter() - begun) * 1_000)
        await asyncio.sleep(0)
    return {"p50": quantile(took, 0.5), "p99": quantile(took, 0.99), "max": max(took)}


def _reads() -> dict[str, Read]:
    """Return what is timed: one run, first pages by filter with and without a total, cursors."""

    def page(**members: Any) -> Read:
        wanted = RunFilter(**members)
        return lambda then: then.runs.matching(TENANT, wanted, None, limit=PAGE)

    def counted(**members: Any) -> Read:
        wanted = RunFilter(**members)
        return lambda then: then.runs.page_of(TENANT, wanted, offset=0, limit=PAGE)

    return {
        "one run with its steps": _one_run,
        "page of all": page(),
        "page of completed": page(statuses=("completed",)),
        "page of failed": page(statuses=("failed",)),
        "page of running": page(statuses=("running",)),
        "page of waiting": page(statuses=("waiting",)),
        "page of a definition's failed": page(statuses=("failed",), definition_id="d3"),
        "page of completed behind a cursor": _behind_cursor,
        "five pages of completed by cursors": _five_pages,
        "page of failed, with its total": counted(statuses=("failed",)),
        "page of all, with its total": counted(),
    }


async def _one_run(then: Services) -> None:
    found = await then.runs.matching(TENANT, RunFilter(), None, limit=1)
    for run in found:
        await then.run_steps.of_run(TENANT, run.id)


async def _behind_cursor(then: Services) -> None:
    """Read the page behind a run that is about 200 runs from the newest one."""
    at = then.clock.now() - 200
    last = (at, f"{at - START:020d}")
    await then.runs.matching(TENANT, RunFilter(statuses=("completed",)), last, limit=PAGE)


async def _five_pages(then: Services) -> None:
    wanted, last = RunFilter(statuses=("completed",)), None
    for _ in range(5):
        found = await then.runs.matching(TENANT, wanted, last, limit=PAGE)
        if not found:
            return
        last = (found[-1].requested_at, found[-1].id)


def _every_span() -> Query:
    return Query(table="run_spans", tenant=None, limit=1, count=True)


if __name__ == "__main__":
    asked = [json.loads(argument) for argument in sys.argv[1:]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(measured(*asked)))
