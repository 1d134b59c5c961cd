"""Loading a stream: its events folded, from the start or from a known state."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.domain.decider import Decider
from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.events.envelope import Write
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.ports.backend import Stores
from tests.backends.memory import open_stores

STREAM = "acme/run/a"
SUM: Decider[None, int, RunStarted] = Decider(
    name="run", initial=0, decide=lambda _, __: [], evolve=lambda total, event: total + event.at
)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    stores = await open_stores(tmp_path)
    other = Write(stream="acme/run/other", expected=0, events=[RunStarted(at=9)])
    events = [RunStarted(at=at) for at in (1, 2, 4)]
    await stores.events.append([other, Write(stream=STREAM, expected=0, events=events)])
    yield stores
    await stores.close()


async def test_a_stream_is_folded_with_its_version_and_position(stores: Stores) -> None:
    assert await load(stores.events, SUM, STREAM) == StreamState(7, 3, 4)


async def test_a_stream_without_events_has_the_initial_state(stores: Stores) -> None:
    assert await load(stores.events, SUM, "acme/run/none") == StreamState(0, 0, 0)


async def test_a_known_state_is_continued(stores: Stores) -> None:
    known = StreamState(100, 2)

    assert await load(stores.events, SUM, STREAM, known=known) == StreamState(104, 3, 4)


async def test_a_known_state_without_newer_events_is_returned_itself(stores: Stores) -> None:
    known = StreamState(7, 3)

    assert await load(stores.events, SUM, STREAM, known=known) is known


async def test_events_behind_a_position_are_ignored(stores: Stores) -> None:
    assert await load(stores.events, SUM, STREAM, until=3) == StreamState(3, 2, 3)
