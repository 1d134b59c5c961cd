"""The feed behind the streams: which stored events it passes on, and when."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

from baton.command_api.live.live_event import LiveEvent
from baton.command_api.live.live_feed import LiveFeed
from baton.command_api.live.run_events import STEP_STATUS, RunEvents
from baton.command_api.live.subscription import EventFilter, Subscription
from baton.command_api.own.stream import render_event
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import RunCompleted
from baton.domain.run.messages.step_events import StepLogged, SyncAwaited
from baton.domain.stream import stream_name
from baton.eventlog.clock import SystemClock
from baton.eventlog.events.envelope import Appended, Recorded, Write
from baton.eventlog.ports.backend import Stores
from baton.projector.position_waiters import PositionWaiters
from baton.projector.views import every_view
from baton.projector.views.definitions.queries import DefinitionQueries
from tests.backends import memory
from tests.kit.eventually import eventually
from tests.kit.stack import in_background
from tests.projector.run_events import BEGUN, requested, started, succeeded

HISTORY: tuple[Event, ...] = (
    *BEGUN,
    started("a"),
    StepLogged(step_id="a", visit=1, attempt=1, at=35, logs=None),
    succeeded("a"),
    RunCompleted(at=50),
)


def test_every_event_of_a_step_has_a_status_unless_it_changes_none() -> None:
    of_steps = {cls for cls in get_args(Event) if "step_id" in cls.__annotations__}
    of_runs = {cls for cls in of_steps if cls.__name__.startswith("Run")}

    assert of_steps - of_runs - {StepLogged, SyncAwaited} == set(STEP_STATUS)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Stores, DefinitionQueries]]:
    stores = await memory.open_stores(folder)
    await stores.views.prepare([view.table for view in every_view()])
    try:
        yield stores, DefinitionQueries(stores.views)
    finally:
        await stores.close()


async def append(stores: Stores, run_id: str, *events: Event, after: int = 0) -> Sequence[Recorded]:
    write = Write(stream=stream_name("acme", "run", run_id), expected=after, events=events)
    result = await stores.events.append([write])
    assert isinstance(result, Appended)
    return result.recorded


async def test_a_run_met_in_the_middle_has_the_same_live_events(tmp_path: Path) -> None:
    async with opened(tmp_path) as (stores, definitions):
        recorded = await append(stores, "r" * 20, *HISTORY)
        from_the_beginning = RunEvents(stores.events, definitions)
        whole = [await from_the_beginning.describe(one) for one in recorded]
        for first in range(len(recorded)):
            late = RunEvents(stores.events, definitions)
            rest = [await late.describe(one) for one in recorded[first:]]
            assert list(map(shown, rest)) == list(map(shown, whole[first:]))
        again = [await from_the_beginning.describe(one) for one in recorded]

    assert [one is None for one in whole] == [False, False, False, True, False, False]
    assert [one for one, other in zip(again, whole, strict=True) if one is not other] == []


def shown(event: LiveEvent | None) -> object:
    return None if event is None else render_event(event)


async def test_an_event_is_encoded_once_for_all_subscribers(tmp_path: Path) -> None:
    async with opened(tmp_path) as (stores, definitions):
        (recorded,) = await append(stores, "r" * 20, requested())
        event = await RunEvents(stores.events, definitions).describe(recorded)

    assert event is not None
    assert event.shown(render_event) is event.shown(render_event)


@asynccontextmanager
async def fed(folder: Path) -> AsyncIterator[tuple[LiveFeed, Stores, PositionWaiters]]:
    """Yield a feed that runs, its stores, and the position that the views are said to hold."""
    views = PositionWaiters()
    views.advance(0)
    async with opened(folder) as (stores, definitions):
        feed = LiveFeed(
            stores.log,
            stores.events,
            definitions,
            reached=views.wait,
            held=lambda: views.position,
            clock=SystemClock(),
        )
        async with in_background(feed.run()):
            yield feed, stores, views


ALL = EventFilter(tenant="acme", render=render_event)


class CommitsMeanwhile(SystemClock):
    """A clock during whose pauses the views come to hold everything."""

    def __init__(self, views: PositionWaiters, stores: Stores) -> None:
        self.views, self.stores = views, stores

    async def idle(self, duration_ms: float) -> None:
        self.views.advance(await self.stores.events.head())


async def test_watchers_of_the_log_dont_hurry_the_views(tmp_path: Path) -> None:
    seen: list[Sequence[Recorded]] = []
    async with fed(tmp_path) as (feed, stores, views):
        feed._clock = CommitsMeanwhile(views, stores)
        nothing = EventFilter(tenant="acme", render=render_event, no_event=True)
        async with feed.subscription(nothing) as subscription:
            with feed.watching_log(seen.append):
                recorded = await append(stores, "r" * 20, *HISTORY)
                await eventually(lambda: seen)
            assert subscription.drained
            assert feed.resume_at(subscription) == recorded[-1].position

    assert seen == [recorded], "all at once, without a task that waits for the views"


async def next_positions(subscription: Subscription, count: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += [one.position for one in await subscription.next()]
    return found


async def test_an_event_is_handed_out_once_the_views_hold_it(tmp_path: Path) -> None:
    async with fed(tmp_path) as (feed, stores, views), feed.subscription(ALL) as subscription:
        recorded = await append(stores, "r" * 20, *HISTORY)
        positions = [one.position for one in recorded if not isinstance(one.event, StepLogged)]
        for position in positions:
            assert subscription.drained
            views.advance(position)
            assert await next_positions(subscription, 1) == [position]
            assert feed.position <= views.position


async def test_past_events_too_wait_for_the_views(tmp_path: Path) -> None:
    async with fed(tmp_path) as (feed, stores, views):
        recorded = await append(stores, "r" * 20, *HISTORY)
        views.advance(recorded[1].position)
        async with feed.subscription(ALL, after=0) as late:
            assert await next_positions(late, 2) == [one.position for one in recorded[:2]]
            assert feed.position == recorded[1].position
            views.advance(recorded[-1].position)
            rest = [one.position for one in recorded[2:] if not isinstance(one.event, StepLogged)]
            assert await next_positions(late, len(rest)) == rest


async def test_the_log_is_followed_only_while_there_is_a_subscriber(tmp_path: Path) -> None:
    async with fed(tmp_path) as (feed, stores, views):
        await append(stores, "a" * 20, requested(run_id="a" * 20))
        assert feed.position == -1
        views.advance(1)
        async with feed.subscription(ALL) as first:
            (two,) = await append(stores, "b" * 20, requested(run_id="b" * 20))
            views.advance(two.position)
            assert await next_positions(first, 1) == [two.position]
        (three,) = await append(stores, "c" * 20, requested(run_id="c" * 20))
        views.advance(three.position)
        async with feed.subscription(ALL) as second, feed.subscription(ALL, after=1) as late:
            (four,) = await append(stores, "d" * 20, requested(run_id="d" * 20))
            views.advance(four.position)
            assert await next_positions(second, 1) == [four.position]
            assert await next_positions(late, 3) == [2, 3, 4]
        await eventually(lambda: feed.subscribers == 0)
