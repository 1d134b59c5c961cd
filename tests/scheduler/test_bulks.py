"""The work on bulks: batches, rates, stops, retries, and recovery after a crash."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from baton.domain.bulk.decisions import DECIDER
from baton.domain.bulk.messages import (
    BulkProgressed,
    Item,
    RetryBulk,
    StopBulk,
)
from baton.domain.bulk.state import State, Tally
from baton.domain.stream import stream_name
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.projector.projector import Projector
from baton.projector.views import every_view
from baton.scheduler.bulks.bulks import Bulks
from baton.scheduler.bulks.counters import Counters
from baton.scheduler.bulks.work import AT_ONCE, BulkWork
from tests.backends.memory import open_stores
from tests.kit.actors import BOB
from tests.kit.bulks import request_of
from tests.kit.clock import SkippingClock
from tests.kit.eventually import eventually
from tests.kit.stack import in_background

STREAM = stream_name("acme", "bulk", "b1")


async def _nothing(_run_id: str) -> None:
    """Do nothing before a run is processed."""


@dataclass
class Runs:
    """Runs that a bulk processes: `changed` counts the changes of each.

    Args:
        before: Called before each run is processed; it may raise or wait.
        failing: Runs on which the action fails.
    """

    before: Callable[[str], Awaitable[None]] = _nothing
    failing: set[str] = field(default_factory=set)
    changed: dict[str, int] = field(default_factory=dict)

    async def perform(self, bulk: State, run_id: str) -> Item:
        await self.before(run_id)
        if run_id in self.failing:
            return Item(run_id=run_id, outcome="failed", code="rate_limited")
        if run_id not in self.changed:
            self.changed[run_id] = 1
        return Item(run_id=run_id, outcome="done")

    async def find_performed(self, bulk: State, run_id: str) -> Item | None:
        found = run_id in self.changed
        return Item(run_id=run_id, outcome="done") if found else None


class Crash(Exception):
    """The process ends here."""


@pytest.fixture
async def stores() -> AsyncIterator[Stores]:
    opened = await open_stores(Path())
    yield opened
    await opened.close()


def ids(count: int) -> list[str]:
    return [f"r{number}" for number in range(count)]


async def requested(stores: Stores, count: int, per_second: int | None = None) -> None:
    request = await request_of(stores.artifacts, "b1", ids(count), per_second=per_second)
    await transact(stores.events, DECIDER, STREAM, request)


async def worked(stores: Stores, runs: Runs, clock: SkippingClock | None = None) -> State:
    """Work on the bulk in a process of its own, until it ends or crashes."""
    work = BulkWork(
        stores,
        runs,
        clock=clock or SkippingClock(),
        counters=Counters(),
        slots=asyncio.Semaphore(AT_ONCE),
    )
    with suppress(BaseExceptionGroup):
        await work.run(STREAM)
    return (await load(stores.events, DECIDER, STREAM)).state


async def batches(stores: Stores) -> list[int]:
    """Return the number of outcomes in each event."""
    events = [one.event for one in await stores.events.read(STREAM)]
    return [len(event.items) for event in events if isinstance(event, BulkProgressed)]


async def test_a_bulk_is_worked_through_in_batches(stores: Stores) -> None:
    runs = Runs()
    await requested(stores, 1_200)

    bulk = await worked(stores, runs)

    assert (bulk.status, bulk.tally) == ("completed", Tally(done=1_200))
    assert await batches(stores) == [500, 500, 200]
    assert list(runs.changed) == ids(1_200)


async def test_a_rate_limits_the_runs_of_each_second(stores: Stores) -> None:
    clock = SkippingClock()
    await requested(stores, 50, per_second=20)

    bulk = await worked(stores, Runs(), clock)

    assert bulk.status == "completed"
    assert await batches(stores) == [20, 20, 10]
    assert [pause for pause in clock.slept if pause] == [1_000, 1_000]


async def test_a_crash_in_a_batch_repeats_it_without_a_further_effect(stores: Stores) -> None:
    async def crash(run_id: str) -> None:
        if run_id == "r40":
            raise Crash

    await requested(stores, 100)
    before = Runs(before=crash)
    half = await worked(stores, before)
    assert (half.tally.treated, half.status) == (0, "running")
    assert 0 < len(before.changed) < 100

    bulk = await worked(stores, Runs(changed=before.changed))

    assert (bulk.status, bulk.tally) == ("completed", Tally(done=100))
    assert set(before.changed.values()) == {1}


async def test_a_stop_ends_a_bulk_after_the_batch_under_way(stores: Stores) -> None:
    async def stop(run_id: str) -> None:
        if run_id == "r3":
            await transact(stores.events, DECIDER, STREAM, StopBulk(actor=BOB, at=1))

    await requested(stores, 50, per_second=10)

    bulk = await worked(stores, Runs(before=stop))

    assert (bulk.status, bulk.tally) == ("stopped", Tally(done=10))


async def test_a_stop_after_a_crash_records_what_was_changed_and_changes_nothing(
    stores: Stores,
) -> None:
    async def crash(run_id: str) -> None:
        if run_id == "r40":
            raise Crash

    await requested(stores, 100)
    runs = Runs(before=crash)
    await worked(stores, runs)
    changed = dict(runs.changed)
    await transact(stores.events, DECIDER, STREAM, StopBulk(actor=BOB, at=1))

    bulk = await worked(stores, runs)

    assert runs.changed == changed
    assert (bulk.status, bulk.tally) == ("stopped", Tally(done=len(changed)))


async def test_two_leaders_record_each_run_once(stores: Stores) -> None:
    await requested(stores, 600)
    runs = Runs(before=lambda _: asyncio.sleep(0))

    await asyncio.gather(worked(stores, runs), worked(stores, runs))
    bulk = (await load(stores.events, DECIDER, STREAM)).state

    assert (bulk.status, bulk.tally) == ("completed", Tally(done=600))
    assert await batches(stores) == [500, 100]


async def test_an_unavailable_store_is_waited_for(stores: Stores) -> None:
    failures = iter((Unavailable("away"), Unavailable("still away")))

    async def fail_twice(_run_id: str) -> None:
        for failure in failures:
            raise failure

    await requested(stores, 3)
    clock = SkippingClock()

    bulk = await worked(stores, Runs(before=fail_twice), clock)

    assert bulk.tally == Tally(done=3)
    assert len([pause for pause in clock.slept if pause]) == 2


@asynccontextmanager
async def leading(stores: Stores, runs: Runs) -> AsyncIterator[Bulks]:
    """Run a projector and the leader, whose counters the block gets."""
    clock = SystemClock()
    await stores.views.prepare([view.table for view in every_view()])
    projector = Projector(stores.views, clock=clock)
    bulks = Bulks(stores, runs, clock=clock, holder="one")

    async with in_background(projector.run(stores.log), bulks.run()):
        yield bulks


async def has_ended(stores: Stores) -> bool:
    return not (await load(stores.events, DECIDER, STREAM)).state.active


async def test_the_leader_works_on_bulks_of_before_and_on_failed_runs_again(
    stores: Stores,
) -> None:
    runs = Runs(failing={"r1", "r2"})
    await requested(stores, 4)
    async with leading(stores, runs) as bulks:
        await eventually(lambda: has_ended(stores))
        runs.failing.clear()
        request = await request_of(stores.artifacts, "b1", ["r1", "r2"])
        retry = RetryBulk(chunks=request.chunks, count=2, actor=BOB, at=5)
        await transact(stores.events, DECIDER, STREAM, retry)
        await eventually(lambda: has_ended(stores))
        counted = bulks.counters

    bulk = (await load(stores.events, DECIDER, STREAM)).state
    assert (bulk.tally, bulk.round) == (Tally(done=4), 2)
    assert (counted.done, counted.failed) == (4, 2)


async def test_a_leader_that_stops_records_the_batch_under_way(stores: Stores) -> None:
    reached = asyncio.Event()

    async def wait(run_id: str) -> None:
        reached.set()
        await asyncio.sleep(0)

    await requested(stores, 1_000, per_second=10)
    async with leading(stores, Runs(before=wait)) as bulks:
        await reached.wait()
        await bulks.stop()

    bulk = (await load(stores.events, DECIDER, STREAM)).state
    assert (bulk.status, bulk.tally) == ("running", Tally(done=10))
