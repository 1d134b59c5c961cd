"""The projector follows the log, resumes from its checkpoint, and reports its position."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import pytest

from baton.backends.memory.view_store import MemoryViewStore
from baton.domain.run.messages.run_events import RunStarted
from baton.domain.run.messages.step_events import DelayElapsed, DelayStarted, StepSucceeded
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.feed import Feed
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import Change
from baton.projector.projector import MAX_PENDING, Projector
from baton.projector.views import every_view
from tests.kit.clock import ManualClock
from tests.projector.histories import events_of
from tests.projector.projection import dump, empty_store, fold_into

EVENTS = events_of(seed=3, commands=400)
TIMEOUT_MS = 20_000


def log_of(events: Sequence[Recorded] = ()) -> Feed:
    """Return a log that holds `events` and delivers further ones as they are published."""

    async def read(after: int, limit: int, _classes: frozenset[type] | None) -> Sequence[Recorded]:
        return [event for event in events if event.position > after][:limit]

    return Feed(read, head=events[-1].position if events else 0)


@asynccontextmanager
async def running(
    store: MemoryViewStore, log: Feed, clock: Clock | None = None
) -> AsyncIterator[Projector]:
    projector = Projector(store, clock=clock or SystemClock())
    task = asyncio.create_task(projector.run(log))
    try:
        yield projector
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def expected(events: Sequence[Recorded]) -> object:
    store = await empty_store()
    await fold_into(store, [events])
    return await dump(store)


class ObservedStore(MemoryViewStore):
    """Records commits and rows; commits wait for `gate`, and the first `failures` of them fail."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures = 0
        self.commits: list[int] = []
        self.written: list[tuple[str, str]] = []

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise Unavailable("the disk is full")
        await super().commit(changes, checkpoint=checkpoint)
        self.commits.append(checkpoint)
        for change in changes:
            self.written += [(change.table, row.key) for row in change.upserts]


async def test_events_already_in_the_log_are_projected_at_the_start() -> None:
    store = ObservedStore()
    async with running(store, log_of(EVENTS)) as projector:
        assert await projector.reached(EVENTS[-1].position, TIMEOUT_MS)

    assert await dump(store) == await expected(EVENTS)
    assert await store.checkpoint() == EVENTS[-1].position


async def test_events_appended_later_are_projected_as_they_arrive() -> None:
    store, log = ObservedStore(), log_of()
    async with running(store, log) as projector:
        for event in EVENTS:
            log.publish([event])
            if event.position % 5 == 0:
                assert await projector.reached(event.position, TIMEOUT_MS)
        assert await projector.reached(EVENTS[-1].position, TIMEOUT_MS)

    assert await dump(store) == await expected(EVENTS)


async def test_a_new_projector_continues_from_the_checkpoint() -> None:
    store, half = ObservedStore(), EVENTS[: len(EVENTS) // 2]
    async with running(store, log_of(half)) as projector:
        assert await projector.reached(half[-1].position, TIMEOUT_MS)
    store.commits.clear()
    async with running(store, log_of(EVENTS)) as projector:
        assert await projector.reached(EVENTS[-1].position, TIMEOUT_MS)

    assert min(store.commits) > half[-1].position
    assert await dump(store) == await expected(EVENTS)


async def test_rows_and_checkpoint_become_visible_together() -> None:
    store, log = ObservedStore(), log_of()
    async with running(store, log) as projector:
        store.gate.clear()
        log.publish(EVENTS[:1])
        assert not await projector.reached(EVENTS[0].position, 20)
        assert await store.checkpoint() == projector.position == 0
        store.gate.set()
        assert await projector.reached(EVENTS[0].position, TIMEOUT_MS)

    assert await store.checkpoint() == EVENTS[0].position


async def test_events_that_arrive_during_a_commit_go_into_the_next_one() -> None:
    store, log = ObservedStore(), log_of()
    async with running(store, log) as projector:
        store.gate.clear()
        for event in EVENTS:
            log.publish([event])
            await asyncio.sleep(0)
        store.gate.set()
        assert await projector.reached(EVENTS[-1].position, TIMEOUT_MS)

    assert len(store.commits) <= 3
    assert await dump(store) == await expected(EVENTS)


async def test_the_number_of_events_folded_ahead_of_a_commit_is_bounded() -> None:
    store, log = ObservedStore(), log_of()
    tick = [Recorded(n, "acme/run/r1", n, RunStarted(at=n)) for n in range(1, 4 * MAX_PENDING)]
    async with running(store, log) as projector:
        store.gate.clear()
        log.publish(tick)
        assert not await projector.reached(1, 300)
        store.gate.set()
        assert await projector.reached(tick[-1].position, TIMEOUT_MS)

    steps = [b - a for a, b in pairwise([0, *store.commits])]
    assert max(steps) < 2 * MAX_PENDING


async def test_a_document_is_written_once_for_all_events_of_a_batch() -> None:
    store = ObservedStore()
    await store.prepare([view.table for view in every_view()])
    await fold_into(store, [EVENTS])

    assert len(store.commits) == 1
    assert len(store.written) == len(set(store.written)) > 0


async def test_a_timer_set_and_cleared_between_two_commits_is_never_written() -> None:
    store, log = ObservedStore(), log_of()
    begun = DelayStarted(step_id="a", visit=1, delay_ms=5, resume_at=6, at=1)
    over = DelayElapsed(step_id="a", visit=1, at=6)
    async with running(store, log) as projector:
        log.publish([Recorded(1, "acme/run/r1", 1, begun), Recorded(2, "acme/run/r1", 2, over)])
        assert await projector.reached(2, TIMEOUT_MS)

    assert store.written == [("run_steps", "r1.a.1.1")]


async def test_the_projector_waits_for_an_unavailable_store() -> None:
    store, log, clock = ObservedStore(), log_of(), ManualClock()
    async with running(store, log, clock) as projector:
        store.failures = 5
        log.publish(EVENTS)
        await clock.advance_until(lambda: not store.failures, step_ms=10_000)
        await clock.advance(10_000)
        assert await projector.reached(EVENTS[-1].position, TIMEOUT_MS)

    assert await dump(store) == await expected(EVENTS)


async def test_an_event_that_cannot_be_folded_ends_the_projector_without_a_partial_write() -> None:
    store, log, clock = ObservedStore(), log_of(), ManualClock()
    damaged = StepSucceeded(step_id="a", visit=1, attempt=1, at=2, context=7)  # type: ignore[arg-type]
    sound = [event for event in EVENTS[:50] if "/run/" in event.stream]
    run = sound[0].stream
    bad = Recorded(sound[-1].position + 1, run, 99, damaged)
    projector = Projector(store, clock=clock)
    task = asyncio.create_task(projector.run(log))
    log.publish(sound)
    assert await projector.reached(sound[-1].position, TIMEOUT_MS)
    log.publish([bad])
    await clock.advance_until(task.done, step_ms=10_000)

    with pytest.raises(ExceptionGroup) as ended:
        await task
    assert ended.group_contains(TypeError)
    assert await dump(store) == await expected(sound)


async def test_waiting_for_a_position_ends_when_it_is_reached_or_on_timeout() -> None:
    store, log = ObservedStore(), log_of()
    async with running(store, log) as projector:
        first, second = EVENTS[0].position, EVENTS[1].position
        far = asyncio.create_task(projector.reached(second, TIMEOUT_MS))
        near = asyncio.create_task(projector.reached(first, TIMEOUT_MS))
        late = asyncio.create_task(projector.reached(second, 10))
        log.publish(EVENTS[:1])

        assert await near
        assert not await late
        assert not far.done()
        log.publish(EVENTS[1:2])
        assert await far
        assert await projector.reached(first, 0)


async def test_a_cancelled_wait_for_a_position_leaves_no_waiter() -> None:
    projector = Projector(MemoryViewStore(), clock=SystemClock())
    waiting = [asyncio.create_task(projector.reached(n, TIMEOUT_MS)) for n in range(1, 50)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert not projector._waiters
