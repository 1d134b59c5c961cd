"""Group commit: appends share a commit, and each has its own result."""

import asyncio
from collections.abc import Sequence

import pytest

from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Write
from baton.eventlog.loops.group_commit import GroupCommit, Row


class Committer:
    """A fake store that commits while `may_go` is set, and collects the batches it gets."""

    def __init__(self, *, max_events: int = 2_000) -> None:
        self.batches: list[list[list[Row]]] = []
        self.published: list[list[Recorded]] = []
        self.versions: dict[str, int] = {}
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.failure: Exception | None = None
        self.position = 0
        self.bytes = 0
        self.appends = GroupCommit(
            self.commit, self.load_version, self.publish, max_events=max_events
        )

    async def commit(self, appends: Sequence[Sequence[Row]]) -> Sequence[int | Conflict]:
        self.batches.append([list(rows) for rows in appends])
        await self.may_go.wait()
        if self.failure:
            raise self.failure
        return [self._insert(rows) for rows in appends]

    def _insert(self, rows: Sequence[Row]) -> int | Conflict:
        for stream, version, _, _ in rows:
            if version <= self.versions.get(stream, 0):
                return Conflict(stream)
        first = self.position + 1
        self.position += len(rows)
        self.versions.update({stream: version for stream, version, _, _ in rows})
        return first

    async def load_version(self, stream: str) -> int:
        return self.versions.get(stream, 0)

    def publish(self, recorded: Sequence[Recorded], *, size: int) -> None:
        self.published.append(list(recorded))
        self.bytes += size

    def append(
        self, stream: str, expected: int, count: int = 1
    ) -> asyncio.Task[Appended | Conflict]:
        events = [RunStarted(at=number) for number in range(count)]
        write = Write(stream=stream, expected=expected, events=events)
        return asyncio.create_task(self.appends.append([write]))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_appends_that_arrive_during_a_commit_share_the_next_one() -> None:
    committer = Committer()
    committer.may_go.clear()
    first = committer.append("a", 0)
    await settle()
    others = [committer.append(f"b{number}", 0) for number in range(50)]
    await settle()
    committer.may_go.set()
    await asyncio.gather(first, *others)

    assert [len(batch) for batch in committer.batches] == [1, 50]
    assert committer.position == 51
    metrics = committer.appends.metrics
    assert sum(metrics.seconds.buckets) == 2
    assert dict(zip(metrics.events.bounds, metrics.events.buckets, strict=False)) == {
        **dict.fromkeys(metrics.events.bounds, 0),
        1: 1,
        50: 1,
    }


async def test_a_batch_is_bounded_but_no_append_is_split() -> None:
    committer = Committer(max_events=10)
    await asyncio.gather(*(committer.append(f"a{number}", 0, 4) for number in range(5)))
    await committer.append("large", 0, 25)

    assert [len(batch) for batch in committer.batches] == [2, 2, 1, 1]


async def test_a_batch_has_at_most_one_append_for_a_stream() -> None:
    committer = Committer()
    committer.may_go.clear()
    blocker = committer.append("x", 0)
    await settle()
    rivals = [committer.append("a", 0) for _ in range(3)]
    neighbor = committer.append("b", 0)
    await settle()
    committer.may_go.set()
    results = await asyncio.gather(*rivals, blocker, neighbor)

    assert [isinstance(result, Appended) for result in results] == [True, False, False, True, True]
    for batch in committer.batches:
        streams = [row[0] for rows in batch for row in rows]
        assert len(set(streams)) == len(streams)


async def test_events_are_published_in_order_before_their_callers_continue() -> None:
    committer = Committer()
    published_before: list[bool] = []

    async def caller(number: int) -> None:
        result = await committer.append(f"a{number}", 0, 2)
        assert isinstance(result, Appended)
        published = [one for batch in committer.published for one in batch]
        published_before.append(all(one in published for one in result.recorded))

    await asyncio.gather(*(caller(number) for number in range(20)))
    positions = [one.position for batch in committer.published for one in batch]

    assert published_before == [True] * 20
    assert committer.bytes == sum(len(row[3]) for b in committer.batches for a in b for row in a)
    assert positions == list(range(1, 41))


async def test_a_failed_commit_fails_all_appends_of_its_batch_and_no_others() -> None:
    committer = Committer()
    committer.failure = OSError("disk full")
    failed = await asyncio.gather(
        *(committer.append(f"a{number}", 0) for number in range(3)), return_exceptions=True
    )
    committer.failure = None
    after = await committer.append("a0", 0)

    assert [str(error) for error in failed] == ["disk full"] * 3
    assert all(isinstance(error, Unavailable) for error in failed)
    assert len({id(error) for error in failed}) == 3
    assert sum(committer.appends.metrics.seconds.buckets) == 1
    assert isinstance(after, Appended)
    assert len(committer.published) == 1


async def test_a_known_conflict_needs_no_commit() -> None:
    committer = Committer()
    await committer.append("a", 0, 3)

    assert await committer.append("a", 0) == Conflict("a")
    assert await committer.append("a", 2) == Conflict("a")
    assert await committer.append("a", 4) == Conflict("a")
    assert len(committer.batches) == 1
    assert isinstance(await committer.append("a", 3), Appended)


async def test_a_conflict_found_by_the_store_fails_one_append() -> None:
    committer = Committer()
    committer.versions["taken"] = 1
    results = await asyncio.gather(*(committer.append(name, 0) for name in ("a", "taken", "b")))

    assert results[1] == Conflict("taken")
    assert [one.stream for one in committer.published[0]] == ["a", "b"]
    assert [one.position for one in committer.published[0]] == [1, 2]


async def test_an_append_that_is_cancelled_before_its_commit_is_left_out() -> None:
    committer = Committer()
    committer.may_go.clear()
    blocker = committer.append("x", 0)
    await settle()
    cancelled, waiting = committer.append("a", 0), committer.append("b", 0)
    await settle()
    cancelled.cancel()
    await settle()
    committer.may_go.set()
    await asyncio.gather(blocker, waiting)

    assert [row[0] for rows in committer.batches[1] for row in rows] == ["b"]


async def test_an_append_that_is_cancelled_during_its_commit_is_committed() -> None:
    committer = Committer()
    committer.may_go.clear()
    cancelled, waiting = committer.append("a", 0), committer.append("b", 0)
    await settle()
    cancelled.cancel()
    committer.may_go.set()

    assert isinstance(await waiting, Appended)
    assert committer.versions == {"a": 1, "b": 1}
    assert len(committer.published[0]) == 2


async def test_closing_finishes_accepted_appends_and_refuses_new_ones() -> None:
    committer = Committer(max_events=1)
    accepted = [committer.append(f"a{number}", 0) for number in range(5)]
    await settle()
    await committer.appends.close()

    assert all(isinstance(one.result(), Appended) for one in accepted)
    with pytest.raises(Unavailable):
        await committer.append("late", 0)
