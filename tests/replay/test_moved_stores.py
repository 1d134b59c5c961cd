"""An export that is imported into another store has the same events and the same views."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from baton.eventlog.events.envelope import Appended, Recorded, Write
from baton.eventlog.ports.backend import Stores
from baton.projector.rebuild import begin_applied_rebuild
from baton.projector.views import every_view
from tests.cli.processes import Ended, baton
from tests.conformance.deployments import store_openers
from tests.projector.histories import events_of
from tests.projector.projection import dump, fold_into
from tests.servers.postgres import URL_FILE

EVENTS = events_of(seed=17, commands=6_500)
RUNS = 200


async def fill(stores: Stores, events: Sequence[Recorded]) -> None:
    """Append `events` and update the live views."""
    for one in events:
        write = Write(stream=one.stream, expected=one.version - 1, events=[one.event])
        assert isinstance(await stores.events.append([write]), Appended)
    await stores.views.prepare([view.table for view in every_view()])
    await fold_into(stores.views, [await stores.events.read_all(after=0, limit=len(events))])


async def rebuilt(stores: Stores) -> object:
    """Return every row of every view after a rebuild from the events."""
    rebuild = await begin_applied_rebuild(stores.events, stores.views, stores.view_sets, at=1)
    await rebuild.advance_to(await stores.events.head())
    await rebuild.swap()
    return await dump(stores.views)


async def verb(name: str, folder: Path, *arguments: str) -> None:
    """Run a command of the CLI on the store in `folder`."""
    note = folder / URL_FILE
    env = {"BATON_STORE": note.read_text() if note.exists() else f"sqlite:///{folder}/baton.db"}
    ended: Ended = await asyncio.to_thread(baton, name, *arguments, folder=folder.parent, env=env)
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("source", "target"),
    [("sqlite", "postgres"), ("postgres", "sqlite")],
)
async def test_a_moved_store_has_the_same_events_and_the_same_views(
    tmp_path: Path, source: str, target: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    old = await store_openers()[source](here)
    await fill(old, EVENTS)
    live, views = await dump(old.views), await rebuilt(old)
    events = await old.events.read_all(after=0, limit=len(EVENTS) + 1)
    await old.close()

    await (await store_openers()[target](there)).close()
    await verb("export", here, "-o", "events.ndjson")
    await verb("import", there, "events.ndjson")
    await verb("export", there, "-o", "again.ndjson")
    new = await store_openers()[target](there)
    moved = await rebuilt(new)
    found = await new.events.read_all(after=0, limit=len(EVENTS) + 1)
    await new.close()

    assert (tmp_path / "again.ndjson").read_bytes() == (tmp_path / "events.ndjson").read_bytes()
    assert list(found) == list(events)
    assert len(events) == len(EVENTS)
    assert sum(one.version == 1 and "/run/" in one.stream for one in events) >= RUNS
    assert moved == views == live
