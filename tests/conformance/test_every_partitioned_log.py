"""Every partitioned log: one owner per stream, which learns its partitions before their events."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.domain.run.messages.run_events import RunStarted
from tests.conformance.partitioned_logs import (
    Follower,
    Group,
    all_logs,
    events,
    partitioned_logs,
    streams,
)
from tests.kit.eventually import eventually

NAMES = streams(60)


@pytest.fixture(params=sorted(all_logs()))
async def every(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Group]:
    """A group on every log, also on those whose single partition has one owner."""
    async with all_logs()[str(request.param)](tmp_path) as log:
        group = Group(log)
        yield group
        await group.close()


@pytest.fixture(params=sorted(partitioned_logs()))
async def group(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Group]:
    async with partitioned_logs()[str(request.param)](tmp_path) as log:
        group = Group(log)
        yield group
        await group.close()


async def test_a_follower_owns_a_stream_before_it_gets_its_events(every: Group) -> None:
    follower = await every.join()
    await eventually(lambda: bool(follower.assignments))
    published = events(NAMES, 1, 2, 3)
    await every.log.publish(published)
    await every.wait_until_seen(published)

    assert follower.unowned == []
    assert all(follower.owns(stream) for stream in NAMES)


async def test_events_arrive_as_they_were_published(every: Group) -> None:
    follower = await every.join()
    await eventually(lambda: bool(follower.assignments))
    published = events(NAMES, 1, 2, 3)
    await every.log.publish(published)
    await every.wait_until_seen(published)

    for stream in NAMES:
        assert follower.versions(stream) == [1, 2, 3]
    assert {one.event for one in follower.seen} == {RunStarted(at=at) for at in (1, 2, 3)}
    positions = [one.position for one in follower.seen if one.stream == NAMES[7]]
    assert positions == sorted(positions)


async def test_a_failed_gain_is_repeated_before_events_arrive(every: Group) -> None:
    follower = Follower()
    follower.failing_gains = 2
    await every.join(follower)
    await eventually(lambda: bool(follower.assignments))
    published = events(NAMES, 1)
    await every.log.publish(published)
    await every.wait_until_seen(published)

    assert follower.failing_gains == 0
    assert follower.unowned == []


async def test_each_stream_has_one_owner(group: Group) -> None:
    followers = [await group.join() for _ in range(3)]
    await group.wait_until_assigned(NAMES, *followers)
    published = events(NAMES, 1, 2, 3, 4)
    await group.log.publish(published)
    await group.wait_until_seen(published)

    for stream in NAMES:
        (owner,) = [one for one in followers if one.owns(stream)]
        assert owner.versions(stream) == [1, 2, 3, 4]
        assert [one for one in followers if stream in one.streams] == [owner]


async def test_events_that_the_owner_has_seen_are_not_delivered(group: Group) -> None:
    follower = await group.join(Follower(lambda _stream, version: version % 2 == 1))
    published = events(NAMES, 1, 2, 3, 4)
    await group.log.publish(published)
    await group.wait_until_seen([one for one in published if one.version % 2 == 0])

    assert {one.version for one in follower.seen} == {2, 4}


async def test_republished_events_are_delivered_unless_the_owner_has_seen_them(
    group: Group,
) -> None:
    known: set[tuple[str, int]] = set()
    follower = await group.join(Follower(lambda stream, version: (stream, version) in known))
    published = events(NAMES, 1, 2)
    await group.log.publish(published)
    await group.wait_until_seen(published)
    known |= {(stream, 1) for stream in NAMES}
    follower.seen.clear()
    await group.log.publish(published)
    await group.wait_until_seen([one for one in published if one.version == 2])

    assert {one.version for one in follower.seen} == {2}


async def test_a_follower_that_joins_takes_over_some_partitions(group: Group) -> None:
    first = await group.join()
    await group.log.publish(events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))
    second = await group.join()
    await group.wait_until_assigned(NAMES, first, second)
    moved = [stream for stream in NAMES if second.owns(stream)]
    await group.log.publish(events(NAMES, 2, 3))
    await group.wait_until_seen(events(NAMES, 2, 3))

    assert 15 < len(moved) < 45
    for stream in moved:
        assert second.versions(stream)[-2:] == [2, 3]
        assert first.versions(stream) == [1]
    assert first.unowned == second.unowned == []


async def test_the_partitions_of_a_follower_that_leaves_move_to_another(group: Group) -> None:
    first, second = await group.join(), await group.join()
    await group.wait_until_assigned(NAMES, first, second)
    await group.log.publish(events(NAMES, 1, 2))
    await group.wait_until_seen(events(NAMES, 1, 2))
    await group.leave(first)
    await group.wait_until_assigned(NAMES, second)
    await group.log.publish(events(NAMES, 3))
    await group.wait_until_seen(events(NAMES, 3), second)

    assert second.unowned == []


async def test_unacknowledged_events_of_a_follower_that_left_go_to_another(group: Group) -> None:
    first = Follower()
    first.may_handle.clear()
    await group.join(first)
    await eventually(lambda: bool(first.assignments))
    await group.log.publish(events(NAMES, 1, 2))
    second = await group.join()
    await group.leave(first)

    await group.wait_until_seen(events(NAMES, 1, 2), second)
    for stream in NAMES:
        assert second.versions(stream)[-2:] == [1, 2]


async def test_the_partitions_of_a_follower_that_crashes_move_to_another(group: Group) -> None:
    first, second = await group.join(), await group.join()
    await group.wait_until_assigned(NAMES, first, second)
    await group.log.publish(events(NAMES, 1))
    await group.wait_until_seen(events(NAMES, 1))
    await group.crash(first)
    await group.log.publish(events(NAMES, 2, 3))
    await group.wait_until_seen(events(NAMES, 2, 3), second)

    assert all(second.owns(stream) for stream in NAMES)
    assert second.unowned == []


async def test_no_event_is_lost_while_followers_join_and_leave(group: Group) -> None:
    async def publish() -> None:
        for version in range(1, 41):
            await group.log.publish(events(NAMES, version))
            await asyncio.sleep(0.05)

    publishing = asyncio.create_task(publish())
    left = []
    await group.join()
    for number in range(3):
        await group.join()
        await asyncio.sleep(0.3)
        left.append(group.followers[0])
        await (group.crash if number == 1 else group.leave)(group.followers[0])
    await group.join()
    await publishing

    everyone = [*left, *group.followers]
    await group.wait_until_seen(events(NAMES, *range(1, 41)), *everyone)
    for follower in everyone:
        assert follower.unowned == []
