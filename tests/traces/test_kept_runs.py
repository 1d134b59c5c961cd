"""Rules for runs to keep: their spans wait in the log, until the run has ended."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from baton.backends.memory.checkpoints import MemoryCheckpoints
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.run.messages.run_events import RunFailed, RunRequested
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.clock import SystemClock
from baton.eventlog.events.envelope import Appended, Write
from baton.eventlog.ports.backend import Stores
from baton.projector.traces.keep import ENDS, Keep
from baton.projector.traces.span import Span
from baton.protocols.trace_context import run_context
from baton.scheduler.traces.folding import Exported
from baton.scheduler.traces.traces import NAME, Traces
from tests.backends.memory import open_stores
from tests.domain.random_runs import seeded_run
from tests.kit.definitions import TENANT, body, create_definition
from tests.kit.eventually import eventually

SEEDS = range(60)
FAILED = Exported(keep=Keep(failed=True))


class Collector:
    """Takes all spans."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    async def export(self, spans: Sequence[Span]) -> None:
        self.spans += spans

    async def close(self) -> None: ...


async def stored_runs(stores: Stores) -> dict[str, bool]:
    """Store random runs, each under an id of its own; return whether each has failed, by trace."""
    create = create_definition("d1", body(), slug="orders")
    made = DEFINITION.apply(create, DEFINITION.initial)[0]
    await stores.events.append([Write(stream=f"{TENANT}/definition/d1", expected=0, events=made)])
    found = {}
    for seed in SEEDS:
        requested, *others = seeded_run(seed).history
        assert isinstance(requested, RunRequested)
        events = [replace(requested, run_id=f"r{seed}"), *others]
        stream = stream_name(TENANT, "run", f"r{seed}")
        appended = await stores.events.append([Write(stream=stream, expected=0, events=events)])
        assert isinstance(appended, Appended)
        failed = any(isinstance(one, RunFailed) for one in events)
        found[run_context(f"r{seed}", None).trace_id] = failed
    return found


async def exported(stores: Stores, choice: Exported, *, after: int) -> list[Span]:
    """Return the spans that one process exports from a checkpoint on, until it ends."""
    stores = replace(stores, checkpoints=MemoryCheckpoints())  # a checkpoint only grows
    await stores.checkpoints.save(NAME, after)
    collector, head = Collector(), await stores.events.head()
    traces = Traces(stores, collector, clock=SystemClock(), holder="me", exported=choice)
    running = asyncio.create_task(traces.run())
    await eventually(lambda: traces.position == head)
    await traces.stop()
    await running
    return collector.spans


async def test_runs_that_failed_are_exported_whole_and_no_others(tmp_path: Path) -> None:
    stores = await open_stores(tmp_path)
    failed = await stored_runs(stores)
    every = await exported(stores, Exported(), after=1)

    kept = await exported(stores, FAILED, after=1)

    ids = {one.span_id for one in kept}
    assert {one.trace_id for one in kept} == {trace for trace, has in failed.items() if has}
    assert ids <= {one.span_id for one in every}
    assert len(ids) == len(kept)
    assert all(one.parent_id in {None, *ids} for one in kept)
    await stores.close()


async def test_a_process_that_takes_over_in_the_middle_of_a_run_exports_all_of_it(
    tmp_path: Path,
) -> None:
    stores = await open_stores(tmp_path)
    await stored_runs(stores)
    whole = {one.span_id: one for one in await exported(stores, FAILED, after=1)}
    events = await stores.events.read_all(after=0, limit=100_000)
    ends = Counter(one.stream for one in events if isinstance(one.event, ENDS))
    failed = [one for one in events if isinstance(one.event, RunFailed) and ends[one.stream] == 1]
    last = max(failed, key=lambda one: one.version)
    trace_id = run_context(stream_parts(last.stream).id, None).trace_id

    rest = await exported(stores, FAILED, after=last.position - 1)

    assert all(whole[one.span_id] == one for one in rest)
    assert [one for one in rest if one.trace_id == trace_id] == [
        one for one in whole.values() if one.trace_id == trace_id
    ]
    await stores.close()
