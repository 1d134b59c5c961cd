"""Baton's appender passes the library's recorder tests, and each reads the other's events."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import TestCase
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking
from eventsourcing.postgres import (
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresProcessRecorder,
)
from eventsourcing.tests import persistence as library

from baton.backends.postgres.checkpoints import PostgresCheckpoints
from baton.backends.postgres.database import open_database
from baton.backends.postgres.events.appender import Appender
from baton.eventlog.events.codec import decode, encode
from tests.conformance.deployments import OpenedStores, appended, happened, write
from tests.servers.postgres import database_for

CASES = [
    (library.ApplicationRecorderTestCase, "test_insert_select"),
    (library.ApplicationRecorderTestCase, "test_concurrent_no_conflicts"),
    (library.ApplicationRecorderTestCase, "test_concurrent_throughput"),
    (library.TrackingRecorderTestCase, "test_insert_tracking"),
    (library.TrackingRecorderTestCase, "test_wait"),
    (library.NonInterleavingNotificationIDsBaseCase, "test"),
]
OF_A_PROCESS = [
    (library.ProcessRecorderTestCase, "test_insert_select"),
    (library.ProcessRecorderTestCase, "test_has_tracking_id"),
    (library.ProcessRecorderTestCase, "test_raises_when_lower_inserted_later"),
]


class Loop:
    """An event loop in a thread of its own, for recorders that many threads call."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()

    def wait(self, coroutine: Any) -> Any:
        result: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return result.result(30)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class BatonRecorder(PostgresProcessRecorder):
    """A recorder that writes through Baton's appender and reads as the library does."""

    def __init__(self, datastore: PostgresDatastore, url: str, owned: ExitStack) -> None:
        super().__init__(datastore)
        loop = Loop()
        owned.callback(loop.close)
        database = loop.wait(open_database(url))
        self._appender = Appender(url)
        self._turn = asyncio.Lock()
        self._wait = loop.wait
        owned.callback(lambda: loop.wait(database.close()))
        owned.callback(lambda: loop.wait(self._appender.close()))
        self._checkpoints = PostgresCheckpoints(database)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        rows = [
            (str(e.originator_id), e.originator_version, e.topic, e.state) for e in stored_events
        ]
        return list(self._wait(self._insert(rows)))

    async def _insert(self, rows: list[tuple[str, int, str, bytes]]) -> range:
        async with self._turn:
            receipt = await self._appender.commit([rows])
        if receipt.conflicting_rows:
            raise IntegrityError
        return range(receipt.first, receipt.first + len(rows))

    def insert_tracking(self, tracking: Tracking) -> None:
        self._wait(self._advance(tracking.application_name, tracking.notification_id))

    async def _advance(self, name: str, position: int) -> None:
        async with self._turn:
            if await self._checkpoints.load(name) >= position:
                raise IntegrityError
            await self._checkpoints.save(name, position)


def datastore_of(url: str) -> PostgresDatastore:
    parts = urlsplit(url)
    return PostgresDatastore(
        parts.path[1:],
        parts.hostname or "",
        parts.port or 5432,
        parts.username or "",
        parts.password or "",
        originator_id_type="text",
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return asyncio.run(database_for(tmp_path))


@pytest.fixture
def datastore(url: str) -> Iterator[PostgresDatastore]:
    datastore = datastore_of(url)
    yield datastore
    datastore.close()


@pytest.fixture
def baton_recorder(datastore: PostgresDatastore, url: str) -> Iterator[BatonRecorder]:
    with ExitStack() as owned:
        yield BatonRecorder(datastore, url, owned)


def run(case: type[TestCase], method: str, create: Callable[[], object]) -> None:
    ours = {
        "create_recorder": lambda self: create(),
        "new_originator_id": lambda self: str(uuid4()),
        "runTest": lambda self: None,
    }
    one = type("Case", (case,), ours)(method)
    one.setUp()
    getattr(one, method)()
    one.doCleanups()
    one.tearDown()


def named(value: object) -> object:
    return getattr(value, "__name__", value)


@pytest.mark.parametrize(("case", "method"), CASES, ids=named)
def test_the_appender_passes_the_library_tests(
    case: type[TestCase], method: str, baton_recorder: BatonRecorder
) -> None:
    run(case, method, lambda: baton_recorder)


@pytest.mark.parametrize(("case", "method"), [*CASES, *OF_A_PROCESS], ids=named)
def test_the_library_recorder_passes_its_tests_on_the_tables_of_baton(
    case: type[TestCase], method: str, datastore: PostgresDatastore
) -> None:
    run(case, method, lambda: PostgresProcessRecorder(datastore))


def test_the_library_accepts_the_tables_of_baton(datastore: PostgresDatastore) -> None:
    recorder = PostgresProcessRecorder(datastore)
    recorder.create_table()

    assert recorder.tracking_table_exists
    assert recorder.tracking_migration_previous == 1


async def test_the_library_recorder_reads_the_events_of_baton(tmp_path: Path) -> None:
    opened = OpenedStores("postgres", tmp_path)
    result = await appended(await opened.open(), write("r1", 0, 1, 2), write("r2", 0, 3))
    datastore = datastore_of(await database_for(tmp_path))
    theirs = PostgresApplicationRecorder(datastore)

    assert theirs.max_notification_id() == result.position
    found = theirs.select_notifications(start=None, limit=10)
    assert [(n.id, n.originator_id, n.originator_version) for n in found] == [
        (one.position, one.stream, one.version) for one in result.recorded
    ]
    events = theirs.select_events("acme/run/r1", gt=1)
    assert [decode(event.topic, event.state) for event in events] == happened(2)
    datastore.close()
    await opened.stores.close()


async def test_a_follower_sees_the_events_of_the_library_recorder(tmp_path: Path) -> None:
    opened = OpenedStores("postgres", tmp_path)
    stores = await opened.open()
    subscription = await stores.log.subscribe("projector", after=0)
    waiting = asyncio.create_task(subscription.next())
    datastore = datastore_of(await database_for(tmp_path))
    (event,) = happened(7)
    stored = StoredEvent("acme/run/r1", 1, "run.RunStarted", encode(event))
    theirs = PostgresApplicationRecorder(datastore)
    await asyncio.to_thread(theirs.insert_events, [stored])

    (read,) = await asyncio.wait_for(waiting, 10)
    assert (read.position, read.stream, read.event) == (1, "acme/run/r1", event)
    datastore.close()
    await opened.stores.close()
