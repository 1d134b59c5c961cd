"""Every log: each follower gets every event in order, from its position on."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from baton.domain.run.messages.step_events import DelayStarted
from baton.eventlog import feed
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.envelope import Recorded, Write
from baton.eventlog.loops.follow import follow
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import Subscription
from tests.conformance.deployments import OpenedStores, appended, write

DELAY = DelayStarted(step_id="wait", visit=1, delay_ms=5, resume_at=35, at=30)


async def next_events(subscription: Subscription, count: int) -> list[Recorded]:
    found: list[Recorded] = []
    while len(found) < count:
        page = await asyncio.wait_for(subscription.next(), 10)
        assert page
        found += page
    return found


async def test_a_follower_sees_events_appended_after_it_subscribed(stores: Stores) -> None:
    subscription = await stores.log.subscribe("projector", after=0)
    first = await appended(stores, write("r1", 0, 1, 2))
    second = await appended(stores, write("r1", 2, 3))

    assert await next_events(subscription, 3) == [*first.recorded, *second.recorded]
    await subscription.close()


async def test_an_append_wakes_a_waiting_follower(stores: Stores) -> None:
    subscription = await stores.log.subscribe("projector", after=0)
    waiting = asyncio.create_task(next_events(subscription, 1))
    await asyncio.sleep(0)
    result = await appended(stores, write("r1", 0, 1))

    assert await waiting == list(result.recorded)
    await subscription.close()


async def test_a_follower_begins_after_its_position(opened: OpenedStores) -> None:
    first = await appended(opened.stores, write("r1", 0, 1, 2, 3))
    stores = await opened.reopen() if opened.durable else opened.stores
    subscription = await stores.log.subscribe("executor", after=first.recorded[0].position)
    second = await appended(stores, write("r1", 3, 4))

    assert await next_events(subscription, 3) == [*first.recorded[1:], *second.recorded]
    await subscription.close()


async def test_every_follower_gets_every_event(stores: Stores) -> None:
    result = await appended(stores, write("r1", 0, 1, 2))
    followers = [await stores.log.subscribe(name, after=0) for name in ("a", "b", "c")]

    for follower in followers:
        assert await next_events(follower, 2) == list(result.recorded)
        await follower.close()


@pytest.mark.parametrize("appending", ["beside", "owner"])
async def test_a_waiting_follower_sees_what_another_process_appends(
    durable: OpenedStores, appending: str
) -> None:
    beside = await durable.open_beside()
    writer, reader = (beside, durable.stores) if appending == "beside" else (durable.stores, beside)
    subscription = await reader.log.subscribe("projector", after=0)
    for at in range(3):
        waiting = asyncio.create_task(next_events(subscription, 1))
        await asyncio.sleep(0)
        foreign = await appended(writer, write("r1", at, at))
        assert await waiting == list(foreign.recorded)
    await subscription.close()
    await beside.close()


async def test_a_follower_of_one_class_behind_the_recent_events_gets_few_others_and_the_last(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "RECENT_BYTES", 1)
    wanted = [
        Write(stream=f"acme/run/delayed-{number}", expected=0, events=[DELAY])
        for number in range(3)
    ]
    for number, delayed in enumerate(wanted):
        others = [write(f"r{number}-{other}", 0, *range(100)) for other in range(30)]
        await appended(stores, *others, delayed)
    last = await appended(stores, *(write(f"r-{other}", 0, *range(100)) for other in range(30)))
    subscription = await stores.log.subscribe("delays", after=0, classes=frozenset((DelayStarted,)))
    seen: list[Recorded] = []
    while not seen or seen[-1].position < last.position:
        seen += await next_events(subscription, 1)

    found = [one.stream for one in seen if isinstance(one.event, DelayStarted)]
    assert found == [one.stream for one in wanted]
    assert len(seen) < 30
    await subscription.close()


async def test_a_slow_follower_misses_nothing(stores: Stores) -> None:
    slow = await stores.log.subscribe("slow", after=0)
    quick = await stores.log.subscribe("quick", after=0)
    appends = [
        appended(stores, *(write(f"r{n}-{m}", 0, *range(50)) for m in range(10)))
        for n in range(100)
    ]
    await asyncio.gather(*appends)
    slow_events, quick_events = await asyncio.gather(
        next_events(slow, 50_000), next_events(quick, 50_000)
    )

    assert slow_events == quick_events
    assert all(before.position < after.position for before, after in pairwise(slow_events))
    await slow.close()
    await quick.close()


async def test_an_event_is_in_the_log_when_its_append_returns(stores: Stores) -> None:
    subscription = await stores.log.subscribe("executor", after=0)
    for at in range(20):
        await appended(stores, write("r1", at, at))
        (one,) = await asyncio.wait_for(subscription.next(), 10)
        assert one.version == at + 1
    await subscription.close()


async def test_the_log_shows_concurrent_appends_in_the_order_of_positions(stores: Stores) -> None:
    subscription = await stores.log.subscribe("projector", after=0)
    results = await asyncio.gather(
        *(appended(stores, write(f"r{n}", 0, 1), write(f"s{n}", 0, 1, 2)) for n in range(200))
    )
    seen = await next_events(subscription, 600)

    assert seen == sorted(seen, key=lambda one: one.position)
    assert {one.position for one in seen} == {
        one.position for result in results for one in result.recorded
    }
    await subscription.close()


async def test_a_position_beyond_the_log_is_refused(stores: Stores) -> None:
    result = await appended(stores, write("r1", 0, 1))

    with pytest.raises(Unreadable, match="projector"):
        await stores.log.subscribe("projector", after=result.position + 1)


async def test_events_delivered_again_have_the_same_stream_and_version(stores: Stores) -> None:
    """A handler that failed halfway gets the same events again and skips those it applied."""
    applied: list[tuple[str, int]] = []
    versions: dict[str, int] = {}
    calls = 0
    done = asyncio.Event()

    async def handle(events: Sequence[Recorded]) -> None:
        nonlocal calls
        calls += 1
        for number, one in enumerate(events):
            if calls == 1 and number == len(events) // 2:
                raise ConnectionError
            if one.version > versions.get(one.stream, 0):
                versions[one.stream] = one.version
                applied.append((one.stream, one.version))
        if len(applied) == 30:
            done.set()

    await appended(stores, *(write(f"r{n}", 0, 1, 2, 3) for n in range(10)))
    subscription = await stores.log.subscribe("projector", after=0)
    following = asyncio.create_task(follow(subscription, handle, clock=SystemClock()))
    await asyncio.wait_for(done.wait(), 10)
    following.cancel()

    assert calls >= 2
    assert sorted(applied) == sorted((f"acme/run/r{n}", v) for n in range(10) for v in (1, 2, 3))
