"""A verification in a process of its own, as a server and `--jobs` begin it."""

import sqlite3
from pathlib import Path

import pytest

from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.eventlog.ports.backend import StoreLocation
from baton.verification.run import helpers, verify_apart
from tests.notary.sealing import KEY, opened, restore, seal, stored_history

EVENTS = stored_history(seed=9, commands=200)


@pytest.fixture
async def location(tmp_path: Path) -> StoreLocation:
    await restore("sqlite", tmp_path, EVENTS)
    async with opened("sqlite", tmp_path) as stores:
        await seal(stores.leaves)
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    return StoreLocation(secrets_keys=(), url=url, folder=tmp_path)


async def test_a_store_is_verified_in_another_process(location: StoreLocation) -> None:
    reached: list[tuple[int, int]] = []

    def on_progress(position: int, last: int) -> None:
        reached.append((position, last))

    finding = await verify_apart(location, [str(KEY.verifier)], on_progress)

    assert reached[0][1] == EVENTS[-1].position
    assert finding.break_reason is None
    assert finding.events == finding.sealed == finding.head_size == len(EVENTS)
    assert finding.signed_by == (str(KEY.verifier),)


async def test_a_break_in_the_share_of_another_process_is_named(location: StoreLocation) -> None:
    position = EVENTS[30].position
    assert location.folder is not None
    with sqlite3.connect(location.folder / "baton.db") as database:
        statement = "UPDATE stored_events SET state = CAST('{}' AS BLOB) WHERE rowid = ?"
        database.execute(statement, (position,))
    async with opened("sqlite", location.folder) as stores:
        verdict = await verify_store(
            stores.leaves, stores.artifacts, Requirements(), helpers=helpers(location, 2)
        )

    assert verdict.broken is not None
    assert verdict.broken.position == position


async def test_a_store_that_can_not_be_opened_is_unavailable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none' / 'baton.db'}"
    nowhere = StoreLocation(secrets_keys=(), url=url, folder=tmp_path / "none")

    with pytest.raises(Unavailable):
        await verify_apart(nowhere, [])
