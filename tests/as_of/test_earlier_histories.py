"""The history of an earlier release is dropped once this release has built its own."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from baton.backends.memory.view_sets import MemoryViewSets
from baton.backends.sqlite import BACKEND as SQLITE
from baton.eventlog.clock import SystemClock
from baton.eventlog.failpoints import CRASHED
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.views import Table
from baton.projector.as_of import earlier_histories
from baton.projector.as_of.earlier_histories import EarlierHistories
from baton.projector.as_of.history import HISTORY_VIEWS, history_projector
from baton.projector.view import tables_of
from tests.backends import memory
from tests.conformance.deployments import OpenedStores, appended, store_openers, write
from tests.faults.server import DiedAtStart, Installation

FORMER = [Table(name="former")]
OWN = tables_of(HISTORY_VIEWS)


@pytest.fixture(params=sorted(store_openers()))
async def opened(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OpenedStores]:
    monkeypatch.setattr(earlier_histories, "UNREAD_MS", 10)
    one = OpenedStores(str(request.param), tmp_path)
    await one.open()
    yield one
    await one.stores.close()


async def numbers(stores: Stores) -> list[int]:
    return [one.number for one in await stores.histories.every()]


async def test_an_earlier_history_is_dropped_when_the_new_one_holds_every_event(
    opened: OpenedStores, caplog: pytest.LogCaptureFixture
) -> None:
    await opened.stores.history.prepare(FORMER)
    (former,) = await numbers(opened.stores)
    stores = await opened.reopen() if opened.durable else opened.stores
    await appended(stores, write("r1", 0, 1, 2, 3))
    clock = SystemClock()
    projector = history_projector(stores.history, clock=clock)
    dropping = asyncio.create_task(
        EarlierHistories(stores.histories, stores.events, projector, clock).run()
    )
    await stores.history.prepare(OWN)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(dropping), 0.1)
    assert former in await numbers(stores)

    with caplog.at_level(logging.INFO):
        projecting = asyncio.create_task(projector.run(stores.log))
        await asyncio.wait_for(dropping, 30)
    (own,) = await stores.histories.every()
    assert own.number != former
    assert own.checkpoint == await stores.events.head()
    assert [one for one in caplog.messages if f"history {former} of an earlier release" in one]
    assert not [*opened.folder.glob(f"history-{former}.db*")]
    projecting.cancel()
    await asyncio.gather(projecting, return_exceptions=True)


async def test_the_history_of_a_later_release_stays(opened: OpenedStores) -> None:
    stores = opened.stores
    await stores.history.prepare(OWN)
    await stores.history.prepare(FORMER)  # by a process of the later release
    await stores.history.prepare(OWN)
    kept = await numbers(stores)
    clock = SystemClock()
    projector = history_projector(stores.history, clock=clock)
    projecting = asyncio.create_task(projector.run(stores.log))
    await EarlierHistories(stores.histories, stores.events, projector, clock).run()

    assert await numbers(stores) == kept
    projecting.cancel()
    await asyncio.gather(projecting, return_exceptions=True)


class ReadHistories(MemoryViewSets):
    """Histories that a process of another release reads twice more."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def reads(self, number: int) -> int | None:
        assert number in [one.number for one in await self.every()]
        self.asked += 1
        return min(self.asked, 3)


async def test_a_history_stays_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_histories, "UNREAD_MS", 1)
    stores = await memory.open_stores(tmp_path)
    histories, clock = ReadHistories(), SystemClock()
    await histories.live.prepare(FORMER)
    projector = history_projector(histories.live, clock=clock)
    projecting = asyncio.create_task(projector.run(stores.log))
    await EarlierHistories(histories, stores.events, projector, clock).run()

    assert histories.asked == 4
    assert len(await histories.every()) == 1
    projecting.cancel()
    await asyncio.gather(projecting, return_exceptions=True)


@pytest.mark.timeout(120)
async def test_a_crash_while_a_server_drops_it_leaves_no_file(tmp_path: Path) -> None:
    async with Installation(tmp_path) as installation:
        stores = await SQLITE.open(StoreLocation(secrets_keys=(), folder=installation.data))
        await stores.history.prepare(FORMER)
        (former,) = await numbers(stores)
        await stores.close()
        with suppress(DiedAtStart):
            await installation.start(BATON_FAILPOINT="in-drop")
            assert await installation.ended() == CRASHED
        assert histories_of(installation) == [f"history-{former}.db", *own_of(installation)]

        await installation.start()
        assert histories_of(installation) == own_of(installation)
        assert await installation.stop() == 0


def histories_of(installation: Installation) -> list[str]:
    return sorted(file.name for file in installation.data.glob("history-*.db"))


def own_of(installation: Installation) -> list[str]:
    with closing(sqlite3.connect(installation.data / "baton.db")) as store:
        rows = store.execute("SELECT number FROM view_sets WHERE kind = 'history'").fetchall()
    return [f"history-{number}.db" for (number,) in rows]
