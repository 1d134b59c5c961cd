"""Every archive: exports events as they are stored, and imports all of them or none."""

from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import InUse, Unavailable, Unreadable
from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Stored, StoredArtifact
from baton.eventlog.ports.archive import Archive, NotEmpty
from baton.protocols.canonical_json import canonical, digest
from tests.conformance.deployments import appended, happened, store_openers, technologies, write
from tests.projector.histories import events_of

EVENTS = [
    Stored(one.position, one.stream, one.version, topic_of(one.event), encode(one.event))
    for one in events_of(seed=5, commands=300)
]
HEAD = EVENTS[-1].position


class OpenArchive(Protocol):
    def __call__(self, folder: Path, *, read_only: bool) -> Awaitable[Archive]: ...


def archives() -> dict[str, OpenArchive]:
    return {name: module.open_archive for name, module in technologies("open_archive").items()}


@pytest.fixture(params=sorted(archives()))
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def archive(backend: str, tmp_path: Path) -> AsyncIterator[Archive]:
    opened = await archives()[backend](tmp_path, read_only=False)
    yield opened
    await opened.close()


async def everything(archive: Archive) -> list[Stored]:
    found: list[Stored] = []
    while page := await archive.page(after=found[-1].position if found else 0, limit=70):
        assert len(page) <= 70
        found += page
    return found


def in_batches(events: Sequence[Stored]) -> Iterator[Sequence[Stored]]:
    return (events[start : start + 100] for start in range(0, len(events), 100))


def test_every_durable_backend_has_an_archive() -> None:
    assert sorted(archives()) == sorted({*store_openers()} - {"memory"})


async def test_restored_events_keep_their_positions(archive: Archive) -> None:
    await archive.restore(in_batches(EVENTS))

    assert await everything(archive) == EVENTS
    assert await archive.head() == HEAD > len(EVENTS), "positions must have holes"


async def test_an_empty_archive_has_no_events(archive: Archive) -> None:
    await archive.restore(())

    assert await everything(archive) == []
    assert await archive.head() == 0


async def test_stores_append_after_the_restored_events(
    archive: Archive, backend: str, tmp_path: Path
) -> None:
    await archive.restore(in_batches(EVENTS))
    await archive.close()
    stores = await store_openers()[backend](tmp_path)
    subscription = await stores.log.subscribe("projector", after=HEAD)
    new = await appended(stores, write("new", 0, 1, 2))
    followed = await subscription.next()
    read = await stores.events.read(EVENTS[0].stream)
    await stores.close()

    assert [one.position for one in new.recorded] == [HEAD + 1, HEAD + 2]
    assert followed == new.recorded
    assert [encode(one.event) for one in read] == [
        one.state for one in EVENTS if one.stream == EVENTS[0].stream
    ]


async def test_an_archive_reads_what_stores_appended(
    archive: Archive, backend: str, tmp_path: Path
) -> None:
    await archive.close()
    stores = await store_openers()[backend](tmp_path)
    made = await appended(stores, write("r1", 0, 1, 2), write("r2", 0, 3))
    reading = await archives()[backend](tmp_path, read_only=True)
    found = await everything(reading)
    await reading.close()
    await stores.close()

    (event,) = happened(3)
    assert [one[:3] for one in found] == [
        (one.position, one.stream, one.version) for one in made.recorded
    ]
    assert found[-1][3:] == ("run.RunStarted", encode(event))


async def test_a_failed_restore_leaves_nothing(archive: Archive) -> None:
    def damaged() -> Iterator[Sequence[Stored]]:
        yield EVENTS[:100]
        raise Unreadable("line 101 is damaged")

    with pytest.raises(Unreadable, match="line 101"):
        await archive.restore(damaged())

    assert await everything(archive) == []
    await archive.restore(in_batches(EVENTS))
    assert await everything(archive) == EVENTS


async def test_a_store_with_events_is_not_restored_into(archive: Archive) -> None:
    await archive.restore([EVENTS[:10]])

    with pytest.raises(NotEmpty):
        await archive.restore([EVENTS[10:20]])

    assert await everything(archive) == EVENTS[:10]


async def test_a_read_only_archive_refuses_a_restore(
    archive: Archive, backend: str, tmp_path: Path
) -> None:
    reading = await archives()[backend](tmp_path, read_only=True)
    with pytest.raises(Unavailable):
        await reading.restore([EVENTS[:10]])
    await reading.close()

    assert await archive.head() == 0


async def test_followers_of_lost_events_start_again(
    archive: Archive, backend: str, tmp_path: Path
) -> None:
    """A store that lost its events, but not its views and checkpoints, is restored."""
    await archive.close()
    stores = await store_openers()[backend](tmp_path)
    await stores.checkpoints.save("scheduler", 99)
    await stores.views.prepare([])
    await stores.views.commit([], checkpoint=99)
    await stores.close()

    archive = await archives()[backend](tmp_path, read_only=False)
    await archive.restore([EVENTS[:10]])
    await archive.close()
    stores = await store_openers()[backend](tmp_path)
    await stores.views.prepare([])
    reached = await stores.checkpoints.load("scheduler"), await stores.views.checkpoint()
    await stores.close()

    assert reached == (0, 0)


async def test_a_restore_is_refused_while_services_run(
    archive: Archive, backend: str, tmp_path: Path
) -> None:
    await archive.close()
    stores = await store_openers()[backend](tmp_path)
    now = SystemClock().now()
    lease = await stores.leases.acquire("projector", holder="one", ttl_ms=60_000, at=now)
    assert lease is not None

    async def restore() -> None:
        opened = await archives()[backend](tmp_path, read_only=False)
        try:
            await opened.restore([EVENTS[:10]])
        finally:
            await opened.close()

    with pytest.raises(InUse, match="in use"):
        await restore()

    await stores.leases.release(lease)
    head = await stores.events.head()
    await stores.close()
    assert head == 0


async def test_an_import_holds_the_artifacts_of_its_events(
    archive: Archive, backend: str, tmp_path: Path
) -> None:
    raw = canonical({"text": "x" * 100_000})
    artifact = StoredArtifact("acme", digest(raw), raw)
    await archive.restore([[artifact, EVENTS[0]], EVENTS[1:]])

    assert await archive.artifact("acme", artifact.sha256) == raw
    with pytest.raises(Unreadable, match="missing"):
        await archive.artifact("other", artifact.sha256)
    await archive.close()
    stores = await store_openers()[backend](tmp_path)
    assert await stores.artifacts.get("acme", artifact.sha256) == raw
    await stores.close()
