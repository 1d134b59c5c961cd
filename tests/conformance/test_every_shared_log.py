"""What every shared log promises: each stream to one follower, told first what is its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.domain.run.messages import RunStarted
from tests.conformance.sharing import (
    EVERY,
    SHARED,
    Follower,
    Group,
    events,
    setting,
    streams,
    until,
)

NAMES = streams(60)


@pytest.fixture(params=EVERY)
async def every(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Group]:
    async with setting(str(request.param), tmp_path) as opened:
        group = Group(opened)
        yield group
        await group.close()


@pytest.fixture(params=SHARED)
async def group(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Group]:
    async with setting(str(request.param), tmp_path) as opened:
        group = Group(opened)
        yield group
        await group.close()


async def test_a_follower_owns_what_it_is_handed_before_it_comes(every: Group) -> None:
    follower = await every.join()
    await until(lambda: bool(follower.told))
    published = events(NAMES, 1, 2, 3)
    await every.setting.publish(published)
    await every.saw(published)

    assert follower.strays == []
    assert all(follower.owns(stream) for stream in NAMES)


async def test_events_come_as_they_were_published(every: Group) -> None:
    follower = await every.join()
    await until(lambda: bool(follower.told))
    published = events(NAMES, 1, 2, 3)
    await every.setting.publish(published)
    await every.saw(published)

    for stream in NAMES:
        assert follower.versions(stream) == [1, 2, 3]
    assert {one.event for one in follower.seen} == {RunStarted(at=at) for at in (1, 2, 3)}
    positions = [one.position for one in follower.seen if one.stream == NAMES[7]]
    assert positions == sorted(positions)


async def test_a_gain_that_fails_is_repeated_before_events_come(every: Group) -> None:
    follower = Follower()
    follower.gains_that_fail = 2
    await every.join(follower)
    await until(lambda: bool(follower.told))
    published = events(NAMES, 1)
    await every.setting.publish(published)
    await every.saw(published)

    assert follower.gains_that_fail == 0
    assert follower.strays == []


async def test_each_stream_is_one_followers(group: Group) -> None:
    followers = [await group.join() for _ in range(3)]
    await group.settled(NAMES, *followers)
    published = events(NAMES, 1, 2, 3, 4)
    await group.setting.publish(published)
    await group.saw(published)

    for stream in NAMES:
        (owner,) = [one for one in followers if one.owns(stream)]
        assert owner.versions(stream) == [1, 2, 3, 4]
        assert [one for one in followers if stream in one.streams] == [owner]


async def test_what_an_owner_knows_is_not_handed_over(group: Group) -> None:
    follower = await group.join(Follower(lambda _stream, version: version % 2 == 1))
    published = events(NAMES, 1, 2, 3, 4)
    await group.setting.publish(published)
    await group.saw([one for one in published if one.version % 2 == 0])

    assert {one.version for one in follower.seen} == {2, 4}


async def test_events_that_are_published_again_come_again_unless_they_are_known(
    group: Group,
) -> None:
    known: set[tuple[str, int]] = set()
    follower = await group.join(Follower(lambda stream, version: (stream, version) in known))
    published = events(NAMES, 1, 2)
    await group.setting.publish(published)
    await group.saw(published)
    known |= {(stream, 1) for stream in NAMES}
    follower.seen.clear()
    await group.setting.publish(published)
    await group.saw([one for one in published if one.version == 2])

    assert {one.version for one in follower.seen} == {2}


async def test_a_follower_that_joins_takes_over_a_part(group: Group) -> None:
    first = await group.join()
    await group.setting.publish(events(NAMES, 1))
    await group.saw(events(NAMES, 1))
    second = await group.join()
    await group.settled(NAMES, first, second)
    moved = [stream for stream in NAMES if second.owns(stream)]
    await group.setting.publish(events(NAMES, 2, 3))
    await group.saw(events(NAMES, 2, 3))

    assert 15 < len(moved) < 45
    for stream in moved:
        assert second.versions(stream)[-2:] == [2, 3]
        assert first.versions(stream) == [1]
    assert first.strays == second.strays == []


async def test_what_a_follower_had_is_anothers_when_it_leaves(group: Group) -> None:
    first, second = await group.join(), await group.join()
    await group.settled(NAMES, first, second)
    await group.setting.publish(events(NAMES, 1, 2))
    await group.saw(events(NAMES, 1, 2))
    await group.leave(first)
    await group.settled(NAMES, second)
    await group.setting.publish(events(NAMES, 3))
    await group.saw(events(NAMES, 3), second)

    assert second.strays == []


async def test_what_a_follower_had_not_handled_when_it_left_comes_to_another(group: Group) -> None:
    first = Follower()
    first.going_on.clear()
    await group.join(first)
    await until(lambda: bool(first.told))
    await group.setting.publish(events(NAMES, 1, 2))
    second = await group.join()
    await group.leave(first)

    await group.saw(events(NAMES, 1, 2), second)
    for stream in NAMES:
        assert second.versions(stream)[-2:] == [1, 2]


async def test_what_a_follower_had_is_anothers_when_it_dies(group: Group) -> None:
    first, second = await group.join(), await group.join()
    await group.settled(NAMES, first, second)
    await group.setting.publish(events(NAMES, 1))
    await group.saw(events(NAMES, 1))
    await group.die(first)
    await group.setting.publish(events(NAMES, 2, 3))
    await group.saw(events(NAMES, 2, 3), second)

    assert all(second.owns(stream) for stream in NAMES)
    assert second.strays == []


async def test_nothing_is_lost_while_followers_come_and_go(group: Group) -> None:
    async def publish() -> None:
        for version in range(1, 41):
            await group.setting.publish(events(NAMES, version))
            await asyncio.sleep(0.05)

    publishing = asyncio.create_task(publish())
    gone = []
    await group.join()
    for number in range(3):
        await group.join()
        await asyncio.sleep(0.3)
        gone.append(group.followers[0])
        await (group.die if number == 1 else group.leave)(group.followers[0])
    await group.join()
    await publishing

    everybody = [*gone, *group.followers]
    await group.saw(events(NAMES, *range(1, 41)), *everybody)
    for follower in everybody:
        assert follower.strays == []
