"""Events that were just appended are sealed from memory, and always as they are stored."""

from collections.abc import Sequence
from pathlib import Path

from baton.backends.sqlite.events.recent_rows import RecentRows
from baton.eventlog.loops.group_commit import Row
from baton.eventlog.notary.checks.store import Demands, verify_store
from baton.eventlog.notary.tree_writer import resume_tree
from baton.settings import Settings
from baton.wiring import open_stores
from tests.conformance.deployments import appended, settings_of, write
from tests.notary.sealing import KEY, KEYS, all_blocks, opened, seal

ROW: Row = ("acme/run/r", 1, "run.RunStarted", b"{}")


def positions(rows: RecentRows, after: int, limit: int = 100) -> Sequence[int]:
    return [one.position for one in rows.after(after, limit)]


def test_rows_are_kept_once_they_are_asked_for() -> None:
    rows = RecentRows()
    rows.add(1, [ROW])
    assert positions(rows, 0) == []

    rows.add(2, [ROW, ROW])
    rows.add(4, [ROW])
    assert positions(rows, 0) == [], "the first one is not there"
    assert positions(rows, 1, limit=2) == [2, 3]
    assert positions(rows, 2) == [3, 4]
    assert positions(rows, 4) == []
    assert positions(rows, 2) == [], "what was done is forgotten"


def test_a_gap_and_a_full_memory_drop_what_is_older() -> None:
    rows = RecentRows(max_bytes=5)
    rows.after(0, 1)
    rows.add(1, [ROW])
    rows.add(9, [ROW])
    assert positions(rows, 0) == []
    assert positions(rows, 8) == [9]

    rows.add(10, [ROW, ROW])
    assert positions(rows, 8) == [], "three rows of two bytes are too many"
    assert positions(rows, 9) == [10, 11]


async def test_leaves_made_from_memory_are_those_of_the_file(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as stores:
        writer = await resume_tree(stores.leaves, KEY)
        await appended(stores, write("r1", 0, 1, 2))
        await writer.seal()
        await appended(stores, write("r2", 0, 3))
        settings = Settings(data=tmp_path, **await settings_of("sqlite", tmp_path))
        beside = await open_stores(settings, beside=True, sealing="none")
        await appended(beside, write("r1", 2, 4))
        await beside.close()
        await appended(stores, write("r2", 1, 5, 6))
        while await writer.seal():
            pass
        made = await all_blocks(stores.leaves)
        verdict = await verify_store(stores.leaves, stores.artifacts, Demands(keys=KEYS))
    async with opened("memory", tmp_path) as others:
        await appended(others, write("r1", 0, 1, 2))
        await appended(others, write("r2", 0, 3))
        await appended(others, write("r1", 2, 4))
        await appended(others, write("r2", 1, 5, 6))
        await seal(others.leaves)
        expected = await all_blocks(others.leaves)

    assert made == expected
    assert verdict.broken is None
    assert verdict.sealed == 6
