"""Imports runs and times lists: `python -m benchmarks.as_of_process RUNS READS`."""

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import uvloop

from baton.backend_choice import backend_of
from baton.command_api.as_of import services_as_of
from baton.command_api.services import Services
from baton.domain.actor import Actor
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.messages import Body, CreateDefinition
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.run.messages import (
    DelayStarted,
    Error,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunReopened,
    RunRequested,
    RunStarted,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.views import Query
from baton.projector.views.runs.queries import RunFilter
from baton.wiring import store_location
from benchmarks.engine import engine, settings_in
from benchmarks.load import TENANT, Load, quantile
from benchmarks.processes import print_json
from benchmarks.shapes import SHAPES

SHAPE: Final = "3-step"
DEFINITIONS: Final = 10
BATCH: Final = 5_000
START: Final = 1_700_000_000_000
CAUGHT_UP_MS: Final = 3_600_000
PAGE: Final = 50
_ANN: Final = Actor("ann", "token")
_BROKE: Final = Error(code="BROKE", message="it broke")

Read = Callable[[Services], Awaitable[Any]]


async def measured(runs: int, reads: int) -> dict[str, Any]:
    """Return the figures."""
    folder = Path("baton-data")
    settings = settings_in(folder)
    opening = backend_of(settings.store_url).open_archive
    assert opening is not None
    archive = await opening(store_location(settings))
    await archive.restore(_batches(runs))
    head = await archive.head()
    await archive.close()
    begun = time.perf_counter()
    async with engine(folder) as it:
        history = it.process.context.history_position
        assert await it.process.services.reached(head, CAUGHT_UP_MS)
        assert await history.reached(head, CAUGHT_UP_MS)
        folded_s = time.perf_counter() - begun
        services = it.process.services
        alone = await _timed(services, head, reads)
        definition = await it.define(SHAPES[SHAPE])
        quiet = await it.drive(definition, Load(shape=SHAPE, in_flight=20, seconds=3.0))
        load = Load(shape=SHAPE, in_flight=20, seconds=10.0)
        driving = asyncio.create_task(it.drive(definition, load))
        beside = await _timed(services, head, reads)
        loaded = await driving
        size = history_bytes(folder)
        spans = (await it.process.context.stores.history.find(_every_span())).total
    return {
        "runs": runs,
        "spans": spans,
        "bytes_per_run": size / (runs + loaded.runs + quiet.runs),
        "folded_s": folded_s,
        "alone": alone,
        "beside": beside,
        "steps_per_s_alone": quiet.steps / quiet.seconds,
        "steps_per_s": loaded.steps / loaded.seconds,
    }


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
        "fifth page of completed (cursor)": _fifth_page,
        "page of failed, with its total": counted(statuses=("failed",)),
        "page of all, with its total": counted(),
    }


async def _one_run(then: Services) -> None:
    found = await then.runs.matching(TENANT, RunFilter(), None, limit=1)
    for run in found:
        await then.run_steps.of_run(TENANT, run.id)


async def _fifth_page(then: Services) -> None:
    wanted, last = RunFilter(statuses=("completed",)), None
    for _ in range(5):
        found = await then.runs.matching(TENANT, wanted, last, limit=PAGE)
        if not found:
            return
        last = (found[-1].requested_at, found[-1].id)


def _batches(runs: int) -> Iterator[list[Stored]]:
    """Yield the stored events of all runs, in order of position; 20 runs are open at a time."""
    batch: list[Stored] = []
    for position, (stream, version, event) in enumerate(_events(runs), 1):
        batch.append(Stored(position, stream, version, topic_of(event), encode(event)))
        if len(batch) >= BATCH:
            yield batch
            batch = []
    yield batch


def _events(runs: int) -> Iterator[tuple[str, int, Any]]:
    body = Body(name="stored", trigger=ManualTrigger(), graph=SHAPES[SHAPE].graph())
    for number in range(DEFINITIONS):
        command = CreateDefinition(
            definition_id=f"d{number}",
            tenant=TENANT,
            slug=f"stored-{number}",
            body=body,
            actor=_ANN,
            at=START,
        )
        decided, _ = DEFINITION.apply(command, DEFINITION.initial)
        for version, event in enumerate(decided, 1):
            yield stream_name(TENANT, "definition", f"d{number}"), version, event
    open_runs: list[Iterator[tuple[str, int, Any]]] = []
    for number in range(runs):
        open_runs.append(_run(number))
        while len(open_runs) >= 20:
            following = next(open_runs[0], None)
            if following is None:
                open_runs.pop(0)
            else:
                yield following
                open_runs.append(open_runs.pop(0))
    for rest in open_runs:
        yield from rest


def _run(number: int) -> Iterator[tuple[str, int, Any]]:
    run_id = f"{number:020d}"
    stream, at = stream_name(TENANT, "run", run_id), START + number
    for version, event in enumerate(_of_run(number, run_id, at), 1):
        yield stream, version, event


def _of_run(number: int, run_id: str, at: int) -> Iterator[Any]:
    yield RunRequested(
        run_id=run_id,
        tenant=TENANT,
        definition_id=f"d{number % DEFINITIONS}",
        version=1,
        trigger=BY_HAND,
        actor=_ANN,
        at=at,
        input={"number": number},
    )
    yield RunStarted(at=at + 1)
    kind = number % 100
    if kind == 5:
        yield DelayStarted(
            step_id="step-0", visit=1, delay_ms=10**12, resume_at=at + 10**12, at=at + 2
        )
        return
    yield _started(1, at + 2)
    if kind in (0, 1, 2):
        yield StepFailed(step_id="step-0", visit=1, attempt=1, at=at + 3, error=_BROKE)
        yield RunFailed(at=at + 3, error=_BROKE, step_id="step-0")
        if kind:
            return
        yield RunReopened(actor=_ANN, steps=("step-0",), at=at + 4)
        yield _started(2, at + 5)
    if kind == 3:
        yield RunCancelled(actor=_ANN, at=at + 4)
        return
    yield StepSucceeded(step_id="step-0", visit=1, attempt=2 if kind == 0 else 1, at=at + 6)
    yield RunCompleted(at=at + 7)


def _started(attempt: int, at: int) -> StepStarted:
    return StepStarted(
        step_id="step-0",
        visit=1,
        attempt=attempt,
        at=at,
        function="noop",
        deadline_at=at + 10**6,
        cause="start" if attempt == 1 else "reopen",
    )


def _every_span() -> Query:
    return Query(table="run_spans", tenant=None, limit=1, count=True)


if __name__ == "__main__":
    asked = [json.loads(argument) for argument in sys.argv[1:]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(measured(*asked)))
