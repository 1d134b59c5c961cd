"""The process that derives leaves of a SQLite file sees later writes, and is replaced."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from baton.backends.sqlite.leaves.deriver import LeafDeriver
from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.eventlog.notary.tree_writer import resume_tree
from baton.settings import Settings
from baton.stores import open_stores
from tests.conformance.deployments import appended, settings_of, write
from tests.notary.sealing import KEY, KEYS, all_blocks, opened, seal


async def test_leaves_of_two_processes_events_are_those_of_any_other_store(tmp_path: Path) -> None:
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
        verdict = await verify_store(stores.leaves, stores.artifacts, Requirements(keys=KEYS))
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


async def test_a_process_that_died_is_replaced(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as stores:
        await appended(stores, write("r1", 0, 1, 2))
        deriver = LeafDeriver(tmp_path / "baton.db")
        before = await deriver.derive(after=0, limit=10)
        dead = deriver.pid
        assert dead is not None
        os.kill(dead, signal.SIGKILL)
        with suppress(Unavailable):  # unless its end was seen before
            await deriver.derive(after=0, limit=10)

        assert await deriver.derive(after=0, limit=10) == before
        assert deriver.pid != dead
        await deriver.close()


async def test_a_file_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    deriver = LeafDeriver(tmp_path / "absent.db")
    with pytest.raises(Unavailable, match="unable to open"):
        await deriver.derive(after=0, limit=10)
    await deriver.close()
