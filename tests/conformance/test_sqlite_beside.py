"""A second process appends to a data folder beside the process that owns it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baton.backends.sqlite import BACKEND
from baton.backends.sqlite.events.event_store import MAX_MISSED
from baton.eventlog.errors import InUse
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.backend import StoreLocation, Stores
from tests.conformance.deployments import appended, write


@pytest.fixture
def location(tmp_path: Path) -> StoreLocation:
    return StoreLocation(secrets_keys=(), folder=tmp_path)


@pytest.fixture
async def owner(location: StoreLocation) -> AsyncIterator[Stores]:
    stores = await BACKEND.open(location)
    yield stores
    await stores.close()


@pytest.fixture
async def beside(location: StoreLocation, owner: Stores) -> AsyncIterator[Stores]:
    stores = await BACKEND.open(replace(location, beside=True))
    yield stores
    await stores.close()


async def test_a_folder_has_one_owner_and_any_number_beside_it(
    location: StoreLocation, beside: Stores
) -> None:
    with pytest.raises(InUse):
        await BACKEND.open(location)
    another = await BACKEND.open(replace(location, beside=True))
    await appended(another, write("r1", 0, 1))
    await another.close()

    assert len(await beside.events.read("acme/run/r1")) == 1


async def test_the_owners_log_reaches_the_head_that_the_store_names(
    owner: Stores, beside: Stores
) -> None:
    foreign = await appended(beside, write("r1", 0, 1, 2))
    head = await owner.events.head()
    await owner.log.subscribe("projector", after=head)  # raises an error beyond the log's end

    assert head == foreign.position


async def test_many_foreign_events_are_delivered_in_order(owner: Stores, beside: Stores) -> None:
    subscription = await owner.log.subscribe("projector", after=0)
    own = await appended(owner, write("own", 0, 1, 2, 3))
    foreign = await appended(beside, *(write(f"r{n}", 0, *range(MAX_MISSED)) for n in range(2)))
    seen: list[Recorded] = []
    while not seen or seen[-1].position < foreign.position:
        seen += await asyncio.wait_for(subscription.next(), 10)

    assert seen == [*own.recorded, *foreign.recorded]


async def test_both_append_in_one_order_and_neither_is_lost_or_repeated(
    owner: Stores, beside: Stores
) -> None:
    subscription = await owner.log.subscribe("projector", after=0)
    await asyncio.gather(
        *(appended(owner, write(f"own-{number}", 0, 1, 2)) for number in range(200)),
        *(appended(beside, write(f"foreign-{number}", 0, 1)) for number in range(50)),
    )
    head = await owner.events.head()
    seen = list(await subscription.next())
    while seen[-1].position < head:
        seen += await asyncio.wait_for(subscription.next(), 10)

    assert [one.position for one in seen] == list(range(1, 451))
    assert seen == list(await owner.events.read_all(after=0, limit=1_000))


async def test_a_version_that_the_other_has_written_is_a_conflict(
    owner: Stores, beside: Stores
) -> None:
    await appended(beside, write("r1", 0, 1))
    for stores in (owner, beside):
        assert not hasattr(await stores.events.append([write("r1", 0, 2)]), "recorded")
    await appended(owner, write("r1", 1, 2))
    await appended(beside, write("r1", 2, 3))

    assert len(await owner.events.read("acme/run/r1")) == 3


async def test_a_new_folder_is_made_by_the_first_who_appends(location: StoreLocation) -> None:
    first = await BACKEND.open(replace(location, beside=True))
    await appended(first, write("r1", 0, 1))
    await first.close()
    owner = await BACKEND.open(location)

    assert len(await owner.events.read("acme/run/r1")) == 1
    await owner.close()
