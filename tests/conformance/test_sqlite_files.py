"""A data folder has one writer and loses no acknowledged event, even on a full disk."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from baton.backends.sqlite import BACKEND
from baton.backends.sqlite.events.event_store import SqliteEventStore
from baton.backends.sqlite.views.temporary_views import open_temporary
from baton.backends.sqlite.views.view_store import SqliteViewStore
from baton.backends.sqlite.writing.writer import Writer
from baton.domain.run.messages.step_events import StepSucceeded
from baton.eventlog.errors import InUse, Unavailable, Unreadable
from baton.eventlog.events.envelope import Appended, Conflict, Write
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.views import Change, Column, Filter, Query, Row, Table
from baton.protocols.canonical_json import canonical, digest
from tests.conformance.deployments import OpenedStores, appended, write

KEY = b"a key for tests, 32 bytes long.."
THINGS = Table(name="things")


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[OpenedStores]:
    opened = OpenedStores("sqlite", tmp_path)
    await opened.open()
    yield opened
    await opened.stores.close()


async def reading(folder: Path) -> Stores:
    return await BACKEND.open(StoreLocation(folder=folder, secrets_keys=(KEY,), read_only=True))


OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from baton.backends.sqlite import BACKEND
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.errors import InUse

try:
    asyncio.run(BACKEND.open(StoreLocation(folder=Path(sys.argv[1]), secrets_keys=(b"x" * 16,))))
except InUse as refused:
    print(refused)
    sys.exit(3)
"""


async def test_a_second_process_is_refused_with_the_folder_name(opened: OpenedStores) -> None:
    other = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", OTHER_PROCESS, str(opened.folder)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert other.returncode == 3, other.stderr
    assert str(opened.folder) in other.stdout
    assert "in use by another Baton process" in other.stdout


async def test_a_folder_is_free_after_close(opened: OpenedStores) -> None:
    with pytest.raises(InUse):
        await BACKEND.open(StoreLocation(folder=opened.folder, secrets_keys=(KEY,)))

    await opened.reopen()


async def test_a_reader_sees_committed_data_and_refuses_writes(opened: OpenedStores) -> None:
    await opened.stores.views.prepare([THINGS])
    reader = await reading(opened.folder)
    await reader.views.prepare([THINGS])
    result = await appended(opened.stores, write("r1", 0, 1, 2))
    row = Row("acme", "k", b"{}")
    await opened.stores.views.commit([Change(table="things", upserts=[row])], checkpoint=2)

    assert list(await reader.events.read_all(after=0, limit=9)) == list(result.recorded)
    assert (await reader.views.find(Query(table="things", tenant="acme"))).rows == [row]
    for refused in (
        reader.events.append([write("r2", 0, 1)]),
        reader.views.commit([], checkpoint=9),
        reader.checkpoints.save("x", 1),
        reader.secrets.put("acme", "s", "v"),
    ):
        with pytest.raises(Unavailable, match="reading only"):
            await refused
    await reader.close()


async def test_a_reader_opens_a_folder_without_a_writer(opened: OpenedStores) -> None:
    result = await appended(opened.stores, write("r1", 0, 1))
    await opened.stores.views.prepare([THINGS])
    await opened.stores.close()
    reader = await reading(opened.folder)

    assert list(await reader.events.read("acme/run/r1")) == list(result.recorded)
    await reader.close()
    await opened.open()


async def test_a_reader_rebuilds_into_a_temporary_file(opened: OpenedStores) -> None:
    await opened.stores.views.prepare([THINGS])
    await opened.stores.views.commit(
        [Change(table="things", upserts=[Row("acme", "k", b"{}")])], checkpoint=2
    )
    reader = await reading(opened.folder)
    await reader.views.prepare([THINGS])
    fresh = await reader.view_sets.open_temporary([THINGS])
    await fresh.commit([Change(table="things", upserts=[Row("acme", "k", b"{}")])], checkpoint=2)

    assert await fresh.scan("things") == await reader.views.scan("things")
    with pytest.raises(Unavailable):
        await reader.view_sets.create([THINGS], at=1)
    await fresh.close()
    await reader.close()


def old_folders_in(parent: Path) -> set[str]:
    """Make all folders old; return their names."""
    for folder in parent.iterdir():
        os.utime(folder, (0, 0))
    return {folder.name for folder in parent.iterdir()}


async def test_temporary_views_of_a_killed_process_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first = await open_temporary([THINGS])
    opened = old_folders_in(tmp_path)
    for folder in ("baton-views-killed", "another-program"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "views.db").write_bytes(b"rows")
    assert len(old_folders_in(tmp_path)) == 3

    second = await open_temporary([THINGS])

    left = old_folders_in(tmp_path)
    assert len(left) == 3
    assert left > {*opened, "another-program"}
    assert "baton-views-killed" not in left
    await first.close()
    await second.close()
    assert old_folders_in(tmp_path) == {"another-program"}


async def test_a_reader_of_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await reading(tmp_path / "nothing")

    assert not (tmp_path / "nothing").exists()


@contextmanager
def no_file_larger_than(size: int, writer: Writer) -> Iterator[None]:
    """Make writes fail as on a full disk once a file has `size` bytes."""
    soft, hard = resource.prlimit(writer.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(writer.pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(writer.pid, resource.RLIMIT_FSIZE, (soft, hard))


def writer_of(store: object) -> Writer:
    """Return the writer of an event store or a view store."""
    if isinstance(store, SqliteViewStore):
        return store.database._writer
    assert isinstance(store, SqliteEventStore)
    return store._writer


def large(number: int) -> Write:
    output = StepSucceeded(step_id="a", visit=1, attempt=1, at=number, output="x" * 20_000)
    return Write(stream=f"acme/run/large{number}", expected=0, events=[output, output])


async def test_a_full_disk_refuses_appends_and_loses_none(opened: OpenedStores) -> None:
    acknowledged: list[int] = []
    failed = 0
    await appended(opened.stores, write("before", 0, 1))
    with no_file_larger_than(600_000, writer_of(opened.stores.events)):
        for number in range(40):
            try:
                if isinstance(await opened.stores.events.append([large(number)]), Appended):
                    acknowledged.append(number)
            except Unavailable:
                failed += 1
    assert acknowledged
    assert failed

    after = await appended(opened.stores, write("after", 0, 1))
    stores = await opened.reopen()
    everything = await stores.events.read_all(after=0, limit=1_000)
    assert everything[-1] == after.recorded[0]
    assert [one.stream for one in everything[1:-1]] == [
        f"acme/run/large{number}" for number in acknowledged for _ in range(2)
    ]
    with sqlite3.connect(opened.folder / "baton.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


async def test_a_full_disk_leaves_views_and_checkpoint_unchanged(opened: OpenedStores) -> None:
    views = opened.stores.views
    await views.prepare([THINGS])
    await views.commit([], checkpoint=1)
    rows = [Row("acme", f"k{number}", b"x" * 20_000) for number in range(100)]
    with no_file_larger_than(300_000, writer_of(views)), pytest.raises(Unavailable):
        await views.commit([Change(table="things", upserts=rows)], checkpoint=2)

    assert await views.checkpoint() == 1
    assert list(await views.scan("things")) == []
    await views.commit([Change(table="things", upserts=rows)], checkpoint=2)
    assert len(await views.scan("things")) == 100


async def test_a_view_commit_that_fails_halfway_is_rolled_back(opened: OpenedStores) -> None:
    views = opened.stores.views
    await views.prepare([THINGS])
    good, bad = Row("acme", "k", b"{}"), Row("acme", "k2", b"{}", ("one value too many",))
    for changes in ([good], [bad]), ([bad], [good]):
        with pytest.raises(Unavailable):
            await views.commit(
                [Change(table="things", upserts=rows) for rows in changes], checkpoint=5
            )
        assert (await views.checkpoint(), list(await views.scan("things"))) == (0, [])
    await views.commit([Change(table="things", upserts=[good])], checkpoint=1)

    assert list(await views.scan("things")) == [good]


async def test_only_a_slow_query_goes_to_a_thread_however_often_a_quick_one_is_asked(
    opened: OpenedStores,
) -> None:
    table = Table(name="orders", columns=(Column(name="weight", kind="int"),))
    views = opened.stores.views
    await views.prepare([table])

    async def in_thread(rows: int) -> bool:
        upserts = [Row("acme", f"o{number:05d}", b"{}", (1,)) for number in range(rows)]
        await views.commit([Change(table="orders", upserts=upserts)], checkpoint=1)
        heavy = Filter(column="weight", op=">", value=1)
        for _ in range(40):
            assert not (await views.find(Query(table="orders", tenant="acme", where=(heavy,)))).rows
        return any(one.name.startswith("baton-queries") for one in threading.enumerate())

    assert not await in_thread(1_000)
    assert await in_thread(20_000)


async def test_a_damaged_event_is_named_and_other_events_are_read(opened: OpenedStores) -> None:
    await appended(opened.stores, write("bad", 0, 1, 2), write("good", 0, 3))
    await opened.stores.close()
    with sqlite3.connect(opened.folder / "baton.db") as connection:
        connection.execute(
            "UPDATE stored_events SET state = substr(state, 2)"
            " WHERE originator_id = 'acme/run/bad' AND originator_version = 2"
        )
    connection.close()
    stores = await opened.open()

    with pytest.raises(Unreadable, match="acme/run/bad version 2"):
        await stores.events.read("acme/run/bad")
    assert len(await stores.events.read("acme/run/good")) == 1


async def test_a_claim_of_a_dead_process_is_free_after_a_restart(opened: OpenedStores) -> None:
    await opened.stores.keys.claim("acme", "k", fingerprint="f", at=1)
    stores = await opened.reopen()

    assert (await stores.keys.claim("acme", "k", fingerprint="f", at=2)).outcome == "claimed"


async def test_a_secret_cannot_be_decrypted_with_another_key(opened: OpenedStores) -> None:
    await opened.stores.secrets.put("acme", "s1", "v")
    await opened.stores.close()
    other = await BACKEND.open(
        StoreLocation(folder=opened.folder, secrets_keys=(b"another key, as long",))
    )

    with pytest.raises(Unreadable, match="s1"):
        await other.secrets.get("acme", "s1")
    await other.close()
    await opened.open()


async def test_a_secret_cannot_be_decrypted_for_another_tenant(opened: OpenedStores) -> None:
    await opened.stores.secrets.put("acme", "s1", "v")
    await opened.stores.close()
    with sqlite3.connect(opened.folder / "baton.db") as connection:
        connection.execute("UPDATE secrets SET tenant = 'other'")
    connection.close()
    stores = await opened.open()

    with pytest.raises(Unreadable):
        await stores.secrets.get("other", "s1")


async def until_appended(stores: Stores, name: str) -> Appended:
    """Append with retries: the first append after a death of the writer process may fail."""
    for number in range(3):
        with suppress(Unavailable):
            return await appended(stores, write(f"{name}-{number}", 0, 1))
    raise AssertionError


async def test_a_dead_writer_process_is_replaced_and_its_commits_are_seen(
    opened: OpenedStores,
) -> None:
    """Its last commit has no answer, but followers must see the events."""
    stores, writer = opened.stores, writer_of(opened.stores.events)
    follower = await stores.log.subscribe("projector", after=0)
    results: list[Appended | Conflict | BaseException] = []
    for turn in range(30):
        await until_appended(stores, f"alive{turn}")
        appends = [stores.events.append([write(f"r{turn}-{n}", 0, 1, 2)]) for n in range(20)]
        racing = asyncio.gather(*appends, return_exceptions=True)
        await asyncio.sleep(turn / 10_000)
        os.kill(writer.pid, signal.SIGKILL)
        results += await racing
    last = await until_appended(stores, "last")
    seen: list[int] = []
    while not seen or seen[-1] < last.position:
        seen += [one.position for one in await asyncio.wait_for(follower.next(), 10)]
    stored = await stores.events.read_all(after=0, limit=10_000)

    assert any(isinstance(result, Unavailable) for result in results)
    assert all(isinstance(result, Appended | Unavailable) for result in results)
    assert {result.position for result in results if isinstance(result, Appended)} <= set(seen)
    assert seen == [one.position for one in stored]


APPENDING = """
import asyncio, sys
from pathlib import Path
from tests.backends.sqlite import open_stores
from tests.conformance.deployments import write

async def main():
    stores = await open_stores(Path(sys.argv[1]))
    async def appending(number):
        for version in range(10_000):
            a, b = write(f"a{number}", version * 2, 1, 2), write(f"b{number}", version, 3)
            await stores.events.append([a, b])
            print(number, version + 1, flush=True)
    await asyncio.gather(*(appending(number) for number in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 40, 200])
async def test_acknowledged_appends_of_a_killed_process_are_stored_whole(
    tmp_path: Path, lines: int
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        APPENDING,
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdout
    assert child.stderr
    lines_read = [await child.stdout.readline() for _ in range(lines)]
    child.kill()
    lines_read += (await child.stdout.read()).splitlines(keepends=True)
    assert await child.wait() == -9
    # The writer processes inherit stderr; they end without writing to it.
    assert await asyncio.wait_for(child.stderr.read(), 10) == b""
    acknowledged = dict.fromkeys(range(8), 0)
    for line in lines_read:
        if line.endswith(b"\n"):
            number, version = (int(part) for part in line.split())
            acknowledged[number] = version
    opened = OpenedStores("sqlite", tmp_path)
    stores = await opened.open()

    for number, version in acknowledged.items():
        ones = await stores.events.read(f"acme/run/b{number}")
        assert len(ones) >= version
        assert len(await stores.events.read(f"acme/run/a{number}")) == 2 * len(ones)
    await opened.stores.close()


async def test_a_damaged_artifact_is_named_and_not_returned(tmp_path: Path) -> None:
    opened = OpenedStores("sqlite", tmp_path)
    stores = await opened.open()
    raw = canonical("x" * 100_000)
    await stores.artifacts.put("acme", digest(raw), raw)
    await stores.close()
    with sqlite3.connect(tmp_path / "baton.db") as connection:
        connection.execute("UPDATE artifacts SET value = ?", (raw[:-2] + b'y"',))

    stores = await opened.open()
    with pytest.raises(Unreadable, match=digest(raw)):
        await stores.artifacts.get("acme", digest(raw))
    await stores.close()
