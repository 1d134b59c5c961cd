"""Appends share commits without sharing their fate."""

import asyncio
from collections.abc import Sequence

import pytest

from baton.domain.run.messages import RunStarted
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Write
from baton.eventlog.loops.group_commit import GroupCommit, Row


class Committer:
    """A store that commits when it is told to, and says what it was given."""

    def __init__(self, *, max_events: int = 2_000) -> None:
        self.batches: list[list[list[Row]]] = []
        self.published: list[list[Recorded]] = []
        self.versions: dict[str, int] = {}
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.failure: Exception | None = None
        self.position = 0
        self.bytes = 0
        self.appends = GroupCommit(self.commit, self.newest, self.hear, max_events=max_events)

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

    async def newest(self, stream: str) -> int:
        return self.versions.get(stream, 0)

    def hear(self, recorded: Sequence[Recorded], *, size: int) -> None:
        self.published.append(list(recorded))
        self.bytes += size

    def append(
        self, stream: str, expected: int, count: int = 1
    ) -> asyncio.Task[Appended | Conflict]:
        events = [RunStarted(at=number) for number in range(count)]
        write = Write(stream=stream, expected=expected, events=events)
        return asyncio.create_task(self.appends.append([write]))


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_arrives_during_a_commit_goes_into_the_next_one() -> None:
    committer = Committer()
    committer.may_go.clear()
    first = committer.append("a", 0)
    await settled()
    others = [committer.append(f"b{number}", 0) for number in range(50)]
    await settled()
    committer.may_go.set()
    await asyncio.gather(first, *others)

    assert [len(batch) for batch in committer.batches] == [1, 50]
    assert committer.position == 51


async def test_a_batch_is_bounded_but_no_append_is_split() -> None:
    committer = Committer(max_events=10)
    await asyncio.gather(*(committer.append(f"a{number}", 0, 4) for number in range(5)))
    await committer.append("large", 0, 25)

    assert [len(batch) for batch in committer.batches] == [2, 2, 1, 1]


async def test_a_stream_is_in_a_batch_only_once() -> None:
    committer = Committer()
    committer.may_go.clear()
    blocker = committer.append("x", 0)
    await settled()
    rivals = [committer.append("a", 0) for _ in range(3)]
    neighbour = committer.append("b", 0)
    await settled()
    committer.may_go.set()
    results = await asyncio.gather(*rivals, blocker, neighbour)

    assert [isinstance(result, Appended) for result in results] == [True, False, False, True, True]
    for batch in committer.batches:
        streams = [row[0] for rows in batch for row in rows]
        assert len(set(streams)) == len(streams)


async def test_events_are_published_in_order_before_their_callers_go_on() -> None:
    committer = Committer()
    heard_before: list[bool] = []

    async def caller(number: int) -> None:
        result = await committer.append(f"a{number}", 0, 2)
        assert isinstance(result, Appended)
        published = [one for batch in committer.published for one in batch]
        heard_before.append(all(one in published for one in result.recorded))

    await asyncio.gather(*(caller(number) for number in range(20)))
    positions = [one.position for batch in committer.published for one in batch]

    assert heard_before == [True] * 20
    assert committer.bytes == sum(len(row[3]) for b in committer.batches for a in b for row in a)
    assert positions == list(range(1, 41))


async def test_a_failed_commit_is_told_to_all_of_its_batch_and_to_nobody_else() -> None:
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
    assert isinstance(after, Appended)
    assert len(committer.published) == 1


async def test_a_conflict_is_told_without_a_commit_when_it_is_known() -> None:
    committer = Committer()
    await committer.append("a", 0, 3)

    assert await committer.append("a", 0) == Conflict("a")
    assert await committer.append("a", 2) == Conflict("a")
    assert await committer.append("a", 4) == Conflict("a")
    assert len(committer.batches) == 1
    assert isinstance(await committer.append("a", 3), Appended)


async def test_a_conflict_that_only_the_store_knows_fails_one_append() -> None:
    committer = Committer()
    committer.versions["taken"] = 1
    results = await asyncio.gather(*(committer.append(name, 0) for name in ("a", "taken", "b")))

    assert results[1] == Conflict("taken")
    assert [one.stream for one in committer.published[0]] == ["a", "b"]
    assert [one.position for one in committer.published[0]] == [1, 2]


async def test_a_caller_that_leaves_before_its_commit_is_left_out() -> None:
    committer = Committer()
    committer.may_go.clear()
    blocker = committer.append("x", 0)
    await settled()
    leaving, staying = committer.append("a", 0), committer.append("b", 0)
    await settled()
    leaving.cancel()
    await settled()
    committer.may_go.set()
    await asyncio.gather(blocker, staying)

    assert [row[0] for rows in committer.batches[1] for row in rows] == ["b"]


async def test_a_caller_that_leaves_during_its_commit_is_committed() -> None:
    committer = Committer()
    committer.may_go.clear()
    leaving, staying = committer.append("a", 0), committer.append("b", 0)
    await settled()
    leaving.cancel()
    committer.may_go.set()

    assert isinstance(await staying, Appended)
    assert committer.versions == {"a": 1, "b": 1}
    assert len(committer.published[0]) == 2


async def test_closing_waits_for_what_was_accepted_and_takes_no_more() -> None:
    committer = Committer(max_events=1)
    accepted = [committer.append(f"a{number}", 0) for number in range(5)]
    await settled()
    await committer.appends.close()

    assert all(isinstance(one.result(), Appended) for one in accepted)
    with pytest.raises(Unavailable):
        await committer.append("late", 0)
