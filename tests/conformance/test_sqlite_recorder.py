"""Baton's SQLite recorder passes the library's recorder tests; the library reads its file."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from unittest import TestCase
from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from eventsourcing.tests import persistence as library

from baton.backends.sqlite.database import Datastore
from baton.backends.sqlite.events.recorder import SqliteRecorder
from baton.eventlog.events.codec import decode, encode
from tests.conformance.deployments import OpenedStores, appended, happened, write

CASES = [
    (library.ApplicationRecorderTestCase, "test_insert_select"),
    (library.ApplicationRecorderTestCase, "test_concurrent_no_conflicts"),
    (library.ApplicationRecorderTestCase, "test_concurrent_throughput"),
    (library.ProcessRecorderTestCase, "test_insert_select"),
    (library.ProcessRecorderTestCase, "test_has_tracking_id"),
    (library.ProcessRecorderTestCase, "test_raises_when_lower_inserted_later"),
    (library.TrackingRecorderTestCase, "test_insert_tracking"),
    (library.TrackingRecorderTestCase, "test_wait"),
    (library.NonInterleavingNotificationIDsBaseCase, "test"),
]


@pytest.fixture
def new_recorder(tmp_path: Path) -> Iterator[Callable[[], SqliteRecorder]]:
    made: list[Datastore] = []
    numbers = count()
    before = threading.enumerate()

    def new() -> SqliteRecorder:
        made.append(Datastore(tmp_path / f"{next(numbers)}.db"))
        recorder = SqliteRecorder(made[-1])
        recorder.create_table()
        return recorder

    yield new
    for thread in threading.enumerate():  # the library's tests leave reading threads behind
        if thread not in before:
            thread.join(10)
    for datastore in made:
        datastore.close()


@pytest.mark.parametrize(
    ("case", "method"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_the_recorder_passes_the_library_tests(
    case: type[TestCase], method: str, new_recorder: Callable[[], SqliteRecorder]
) -> None:
    ours = {
        "create_recorder": lambda self: new_recorder(),
        "new_originator_id": lambda self: str(uuid4()),
        "runTest": lambda self: None,
    }
    one = type("Case", (case,), ours)(method)
    one.setUp()
    getattr(one, method)()
    one.doCleanups()
    one.tearDown()


async def test_the_library_recorder_reads_the_events_of_baton(tmp_path: Path) -> None:
    opened = OpenedStores("sqlite", tmp_path)
    result = await appended(await opened.open(), write("r1", 0, 1, 2), write("r2", 0, 3))
    datastore = SQLiteDatastore(str(tmp_path / "baton.db"), originator_id_type="text")
    theirs = SQLiteApplicationRecorder(datastore)

    assert theirs.max_notification_id() == result.position
    found = theirs.select_notifications(start=None, limit=10)
    assert [(n.id, n.originator_id, n.originator_version) for n in found] == [
        (one.position, one.stream, one.version) for one in result.recorded
    ]
    events = theirs.select_events("acme/run/r1", gt=1)
    assert [decode(event.topic, event.state) for event in events] == happened(2)
    datastore.close()
    await opened.stores.close()


async def test_baton_reads_the_events_of_the_recorder(tmp_path: Path) -> None:
    opened = OpenedStores("sqlite", tmp_path)
    await (await opened.open()).close()
    datastore = Datastore(tmp_path / "baton.db")
    (event,) = happened(7)
    stored = StoredEvent("acme/run/r1", 1, "run.RunStarted", encode(event))
    assert SqliteRecorder(datastore).insert_events([stored]) == [1]
    datastore.close()

    (read,) = await (await opened.open()).events.read("acme/run/r1")
    assert (read.position, read.version, read.event) == (1, 1, event)
    await opened.stores.close()


def test_a_position_is_never_reused(new_recorder: Callable[[], SqliteRecorder]) -> None:
    recorder = new_recorder()
    events = [StoredEvent("acme/run/r1", version, "topic", b"{}") for version in range(1, 6)]
    assert recorder.insert_events(events) == [1, 2, 3, 4, 5]
    with recorder.datastore.transaction(commit=True) as cursor:
        cursor.execute("DELETE FROM stored_events WHERE rowid = 5")

    assert recorder.insert_events([StoredEvent("acme/run/r2", 1, "topic", b"{}")]) == [6]


def test_a_write_transaction_excludes_others_from_its_first_statement(
    new_recorder: Callable[[], SqliteRecorder],
) -> None:
    """After a read, its first write could fail because the snapshot is outdated."""
    recorder = new_recorder()
    with recorder.datastore.transaction(commit=True):
        other = sqlite3.connect(recorder.datastore.pool.db_name, uri=True, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("DELETE FROM stored_events")
        other.close()
