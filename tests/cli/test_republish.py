"""`baton republish` publishes stored events to the topic of runs again."""

import asyncio
from pathlib import Path

import pytest

from baton.backends.kafka.connection import connection_to
from baton.domain.definition.messages import DefinitionDeleted
from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.events.envelope import Appended, Write
from tests.backends.postgres import open_stores
from tests.cli.conftest import Call
from tests.kit.actors import ANN
from tests.servers import availability, kafka
from tests.servers.postgres import database_for

ENDS_S = 60


def started(stream: str, count: int) -> Write:
    events = [RunStarted(at=number) for number in range(count)]
    return Write(stream=f"acme/run/{stream}", expected=0, events=events)


async def filled(folder: Path) -> str:
    """Return the address of a database with five events of runs and one of another kind."""
    stores = await open_stores(folder)
    deleted = Write(
        stream="acme/definition/d", expected=0, events=[DefinitionDeleted(at=1, actor=ANN)]
    )
    for write in (started("r1", 2), deleted, started("r2", 3)):
        assert isinstance(await stores.events.append([write]), Appended)
    await stores.close()
    return await database_for(folder)


async def on_the_topic(topic: str, count: int) -> list[tuple[str, int]]:
    """Return the streams and versions of the first messages."""
    consumer = connection_to(kafka.server_url()).consumer(group=None)
    await consumer.start()
    consumer.subscribe([topic])
    found: list[tuple[str, int]] = []
    try:
        async with asyncio.timeout(ENDS_S):
            while len(found) < count:
                for messages in (await consumer.getmany(timeout_ms=500)).values():
                    found += [
                        ((one.key or b"").decode(), int(dict(one.headers)["version"]))
                        for one in messages
                    ]
    finally:
        await consumer.stop()
    return found


@pytest.fixture
def topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Configure a filled database and a broker; return the topic that executors follow."""
    prefix = kafka.topic_prefix_for(tmp_path)
    monkeypatch.setenv("BATON_LOG", kafka.server_url())
    monkeypatch.setenv("BATON_TOPIC_PREFIX", prefix)
    monkeypatch.setenv("BATON_STORE", asyncio.run(filled(tmp_path)))
    return f"{prefix}runs"


def test_all_events_of_runs_are_published_again(call: Call, topic: str) -> None:
    ended = call("republish", "--from", 0)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "Published 5 events, up to position 6.\n"
    again = call("republish", "--from", 1)
    assert again.out == ended.out
    seen = asyncio.run(on_the_topic(topic, 10))
    for stream, versions in (("acme/run/r1", [1, 2]), ("acme/run/r2", [1, 2, 3])):
        assert [version for name, version in seen if name == stream] == 2 * versions


def test_a_range_is_published(call: Call, topic: str) -> None:
    ended = call("republish", "--from", 2, "--to", 4)

    assert ended.out == "Published 2 events, up to position 4.\n"
    assert set(asyncio.run(on_the_topic(topic, 2))) == {("acme/run/r1", 2), ("acme/run/r2", 1)}


def test_a_range_past_the_newest_event_ends_there(call: Call, topic: str) -> None:
    assert call("republish", "--from", 7).out == "Published 0 events, up to position 6.\n"
    assert call("republish", "--from", 5, "--to", 99).out.startswith("Published 2 events")


def test_an_unreachable_broker_fails_with_one_line(
    call: Call, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_LOG", f"kafka://127.0.0.1:{availability.unused_port()}")
    ended = call("republish", "--from", 3)

    assert ended.code == 1
    assert ended.out == ""
    assert "published up to 2: continue with --from 3" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_republishing_needs_a_shared_log(call: Call) -> None:
    ended = call("republish", "--from", 1)

    assert ended.code == 1
    assert "BATON_LOG" in ended.err
