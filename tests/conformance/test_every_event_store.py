"""Every event store: atomic appends, gapless streams, one total order, no event missed."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from baton.domain.run.messages.run_events import RunFailed, RunStarted
from baton.domain.run.messages.step_events import StepSucceeded
from baton.eventlog.errors import Unavailable, Unwritable
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.ports.backend import Stores
from tests.conformance.deployments import OpenedStores, appended, happened, write


def times(recorded: object) -> list[int]:
    assert isinstance(recorded, list | tuple)
    return [one.event.at for one in recorded]


async def everything(stores: Stores, limit: int = 1_000) -> list[Recorded]:
    found: list[Recorded] = []
    while page := await stores.events.read_all(
        after=found[-1].position if found else 0, limit=limit
    ):
        found += page
    return found


async def test_a_stream_is_read_as_it_was_written(stores: Stores) -> None:
    first = await appended(stores, write("r1", 0, 1, 2))
    second = await appended(stores, write("r1", 2, 3))
    read = await stores.events.read("acme/run/r1")

    assert list(read) == [*first.recorded, *second.recorded]
    assert [(one.stream, one.version) for one in read] == [("acme/run/r1", v) for v in (1, 2, 3)]
    assert [one.event for one in read] == happened(1, 2, 3)
    assert second.position == second.recorded[-1].position == await stores.events.head()


async def test_a_stream_can_be_read_after_a_version(stores: Stores) -> None:
    await appended(stores, write("r1", 0, 1, 2, 3))

    assert times(await stores.events.read("acme/run/r1", after=1)) == [2, 3]
    assert list(await stores.events.read("acme/run/r1", after=3)) == []


async def test_an_unknown_stream_and_an_empty_store_have_no_events(stores: Stores) -> None:
    assert list(await stores.events.read("acme/run/nothing")) == []
    assert list(await stores.events.read_all(after=0, limit=10)) == []
    assert await stores.events.head() == 0


async def test_a_part_of_the_log_is_selected_by_tenant_and_class(stores: Stores) -> None:
    step = StepSucceeded(step_id="a", visit=1, attempt=1, at=9)
    for number in range(9):
        for tenant in ("acme", "acme-2"):
            stream = f"{tenant}/run/r{number}"
            events = [*happened(number), step, *happened(number)]
            await appended(stores, Write(stream=stream, expected=0, events=events))
    log = await everything(stores)
    first, last = log[3].position, log[-4].position
    for classes in ((), (RunStarted,), (StepSucceeded,), (RunStarted, StepSucceeded), (RunFailed,)):
        expected = [
            one
            for one in log
            if first < one.position <= last
            and one.stream.startswith("acme/")
            and (not classes or isinstance(one.event, classes))
        ]
        wanted = Selection(tenant="acme", classes=classes, after=first, up_to=last, limit=100)
        assert list(await stores.events.select(wanted)) == expected
        assert list(await stores.events.select(replace(wanted, limit=4))) == expected[:4]
        backwards = replace(wanted, newest_first=True, limit=5)
        assert list(await stores.events.select(backwards)) == expected[::-1][:5]
    unknown = Selection(tenant="nobody\0", classes=(), after=0, up_to=last, limit=9)
    assert list(await stores.events.select(unknown)) == []


async def test_positions_increase_over_all_streams(stores: Stores) -> None:
    for number in range(5):
        await appended(stores, write(f"r{number}", 0, 1), write(f"s{number}", 0, 2, 3))
    positions = [one.position for one in await everything(stores, limit=4)]

    assert len(positions) == 15
    assert all(before < after for before, after in pairwise(positions))


async def test_an_empty_append_records_nothing(stores: Stores) -> None:
    assert await stores.events.append([]) == Appended(())
    assert await stores.events.append([write("r1", 0)]) == Appended(())
    assert await stores.events.head() == 0


@pytest.mark.parametrize("expected", [0, 1, 3, 7])
async def test_a_write_that_expects_another_version_is_a_conflict(
    opened: OpenedStores, expected: int
) -> None:
    await appended(opened.stores, write("r1", 0, 1, 2))
    stores = await opened.reopen() if opened.durable else opened.stores
    result = await stores.events.append([write("r1", expected, 9)])

    assert result == Conflict("acme/run/r1")
    assert times(await stores.events.read("acme/run/r1")) == [1, 2]


async def test_a_stream_cannot_begin_with_a_gap(stores: Stores) -> None:
    assert await stores.events.append([write("r1", 1, 9)]) == Conflict("acme/run/r1")


@pytest.mark.parametrize("again", [False, True])
async def test_an_append_to_several_streams_is_atomic(opened: OpenedStores, again: bool) -> None:
    await appended(opened.stores, write("taken", 0, 1))
    stores = await opened.reopen() if again and opened.durable else opened.stores
    refused = await stores.events.append([write("new", 0, 2), write("taken", 0, 3)])
    result = await appended(stores, write("new", 0, 4, 5), write("taken", 1, 6))

    assert refused == Conflict("acme/run/taken")
    assert [(one.stream[9:], one.version) for one in result.recorded] == [
        ("new", 1),
        ("new", 2),
        ("taken", 2),
    ]
    assert times(await stores.events.read("acme/run/new")) == [4, 5]


async def test_one_of_two_writers_at_the_same_version_wins(stores: Stores) -> None:
    await appended(stores, write("r1", 0, 0))
    results = await asyncio.gather(
        *(stores.events.append([write("r1", 1, at)]) for at in range(1, 21))
    )
    won = [result for result in results if isinstance(result, Appended)]

    assert len(won) == 1
    assert results.count(Conflict("acme/run/r1")) == 19
    assert times(await stores.events.read("acme/run/r1")) == [0, *times(won[0].recorded)]


@pytest.mark.parametrize("again", [False, True])
async def test_a_conflict_fails_only_its_own_append(opened: OpenedStores, again: bool) -> None:
    for number in range(0, 60, 7):
        await appended(opened.stores, write(f"r{number}", 0, 1))
    stores = await opened.reopen() if again and opened.durable else opened.stores
    results = await asyncio.gather(
        *(stores.events.append([write(f"r{number}", 0, 2, 3)]) for number in range(60))
    )

    for number, result in enumerate(results):
        read = times(await stores.events.read(f"acme/run/r{number}"))
        if number % 7:
            assert isinstance(result, Appended)
            assert read == [2, 3]
        else:
            assert result == Conflict(f"acme/run/r{number}")
            assert read == [1]


async def test_a_value_that_json_cannot_hold_fails_only_its_own_append(stores: Stores) -> None:
    bad = StepSucceeded(step_id="a", visit=1, attempt=1, at=1, output={"n": 2**70})
    results = await asyncio.gather(
        stores.events.append([write("before", 0, 1)]),
        stores.events.append([Write(stream="acme/run/bad", expected=0, events=[bad])]),
        stores.events.append([write("after", 0, 1)]),
        return_exceptions=True,
    )

    assert isinstance(results[0], Appended)
    assert isinstance(results[1], Unwritable)
    assert isinstance(results[2], Appended)
    assert len(await everything(stores)) == 2


async def test_an_append_that_names_a_stream_twice_is_refused(stores: Stores) -> None:
    with pytest.raises(ValueError, match="same stream"):
        await stores.events.append([write("r1", 0, 1), write("r1", 1, 2)])

    assert await stores.events.head() == 0


async def test_an_append_larger_than_any_batch_is_whole(stores: Stores) -> None:
    await appended(stores, write("long", 0, *range(4_500)))
    read = await stores.events.read("acme/run/long")

    assert times(read) == list(range(4_500))
    assert [one.version for one in read] == list(range(1, 4_501))


async def test_a_tailing_reader_never_passes_over_an_event(stores: Stores) -> None:
    """Writers race on few streams, which mixes conflicts, retries and batches."""
    done = asyncio.Event()
    seen: list[Recorded] = []

    async def writing(number: int) -> int:
        wrote = 0
        for turn in range(25):
            stream = f"r{(number + turn) % 5}"
            version = len(await stores.events.read(f"acme/run/{stream}"))
            other = write(f"own{number}", wrote, turn)
            result = await stores.events.append([write(stream, version, turn), other])
            wrote += isinstance(result, Appended)
        return wrote

    async def reading() -> None:
        while True:
            last = done.is_set()
            page = await stores.events.read_all(after=seen[-1].position if seen else 0, limit=7)
            seen.extend(page)
            if last and not page:
                return
            await asyncio.sleep(0)

    tail = asyncio.create_task(reading())
    wrote = sum(await asyncio.gather(*(writing(number) for number in range(12))))
    done.set()
    await tail

    assert seen == await everything(stores)
    assert len(seen) == 2 * wrote > 50
    assert all(before.position < after.position for before, after in pairwise(seen))
    versions: dict[str, list[int]] = {}
    for one in seen:
        versions.setdefault(one.stream, []).append(one.version)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


async def test_a_cancelled_append_is_recorded_whole_or_not_at_all(stores: Stores) -> None:
    appends = [
        asyncio.create_task(stores.events.append([write(f"r{n}", 0, 1, 2), write(f"s{n}", 0, 3)]))
        for n in range(30)
    ]
    await asyncio.sleep(0)
    for one in appends[::3]:
        one.cancel()
    results = await asyncio.gather(*appends, return_exceptions=True)

    for number, result in enumerate(results):
        found = times(await stores.events.read(f"acme/run/r{number}"))
        assert len(await stores.events.read(f"acme/run/s{number}")) == len(found) / 2
        if isinstance(result, Appended):
            assert found == [1, 2]
        else:
            assert isinstance(result, asyncio.CancelledError)
            assert found in ([], [1, 2])


async def test_closing_commits_the_accepted_appends(opened: OpenedStores) -> None:
    accepted = [
        asyncio.create_task(opened.stores.events.append([write(f"r{number}", 0, 1)]))
        for number in range(20)
    ]
    await asyncio.sleep(0)
    closed = opened.stores
    await closed.close()

    assert all(isinstance(result, Appended) for result in await asyncio.gather(*accepted))
    with pytest.raises(Unavailable):
        await closed.events.append([write("late", 0, 1)])
    await opened.open()


async def test_events_survive_a_restart(durable: OpenedStores) -> None:
    before = await appended(durable.stores, write("r1", 0, 1, 2), write("r2", 0, 3))
    stores = await durable.reopen()

    assert await everything(stores) == list(before.recorded)
    after = await appended(stores, write("r1", 2, 4))
    assert after.position > before.position


async def test_the_log_delivers_the_appended_event(stores: Stores) -> None:
    (one,) = (await appended(stores, write("r1", 0, 7))).recorded

    assert one.event == RunStarted(at=7)
    assert [one] == list(await stores.events.read_all(after=0, limit=5))
