"""Appends that arrive while a commit is under way go into the next one: the one append path.

The committer of a store writes a batch; which appends make up a batch, who hears of it and in which
order is decided here, on the event loop.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from eventlog.codec import encode, topic_of
from eventlog.envelope import Appended, Conflict, Recorded, Write
from eventlog.errors import Unavailable
from eventlog.failpoints import failpoint

Row = tuple[str, int, str, bytes]
"""An event to be stored: stream, version, topic, state."""

Commit = Callable[[Sequence[Sequence[Row]]], Awaitable[Sequence[int | Conflict]]]
"""Makes a batch of appends durable, each whole or not at all.

Returns for each append the position of its first event, the others follow without a hole, or the
`Conflict` that kept it out. No two appends of a batch write to the same stream. Raises
`Unavailable` when nothing of the batch was written.
"""

Newest = Callable[[str], Awaitable[int]]
"""Returns the version of a stream's newest committed event, 0 when it has none."""


class Published(Protocol):
    """Hears of events that were committed, and how many bytes they took."""

    def __call__(self, recorded: Sequence[Recorded], *, size: int) -> None:
        """Take them in; they come in order of position."""
        ...


MAX_EVENTS = 2_000
MAX_KNOWN = 50_000


@dataclass(slots=True, eq=False)
class _Append:
    writes: Sequence[Write]
    rows: Sequence[Row]
    streams: set[str]
    result: asyncio.Future[Appended | Conflict]


class GroupCommit:
    """Collects appends into batches and tells their callers how it went, in log order.

    `published` hears of the events of each batch, in order of position, before any caller does.
    """

    def __init__(
        self,
        commit: Commit,
        newest: Newest | None,
        published: Published,
        *,
        max_events: int = MAX_EVENTS,
    ) -> None:
        """Without `newest`, `commit` has to tell a gap from what is `known`."""
        self._commit = commit
        self._newest = newest
        self._published = published
        self._known: OrderedDict[str, int] = OrderedDict()  # what streams certainly have
        self._max_events = max_events
        self._waiting: deque[_Append] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._closed = False

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        """Record all of `writes` or none; durable when it returns.

        A caller that is cancelled meanwhile doesn't know what happened: what is under way goes on.
        Raises `Unavailable`, `Unwritable`, and ValueError when two writes name one stream.
        """
        writes = [write for write in writes if write.events]
        if not writes:
            return Appended(())
        rows = _rows(writes)
        streams = {write.stream for write in writes}
        if len(streams) < len(writes):
            raise ValueError("two writes of one append name the same stream")
        for write in writes:
            known = self._known.get(write.stream, 0)
            if known != write.expected and (conflict := await self._foreseen(write, known)):
                return conflict
        if self._closed:
            raise Unavailable("the store is closed")
        result: asyncio.Future[Appended | Conflict] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Append(writes, rows, streams, result))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="group commit")
        return await result

    def known(self, stream: str) -> int:
        """Return a version that the stream has certainly reached, 0 when nothing is known."""
        return self._known.get(stream, 0)

    async def close(self) -> None:
        """Finish what was accepted, then take nothing more."""
        self._closed = True
        while self._flusher is not None:
            await asyncio.wait([self._flusher])

    async def _foreseen(self, write: Write, known: int) -> Conflict | None:
        """Tell a write that can't succeed: behind its stream's end, or leaving a gap.

        A stream only grows, so what was once seen of it stays true; what nobody has seen yet is
        left to the store's unique key.
        """
        if known < write.expected:
            if self._newest is None:
                return None
            known = await self._newest(write.stream)
            self._learn(write.stream, known)
        return Conflict(write.stream) if known != write.expected else None

    def _learn(self, stream: str, version: int) -> None:
        """Note that `stream` has reached `version`, and forget what was noted longest ago."""
        self._known[stream] = max(version, self._known.pop(stream, 0))
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    async def _flush(self) -> None:
        """Commit until nobody waits any more."""
        try:
            while self._waiting:
                if batch := self._next_batch():
                    await self._commit_one(batch)
        finally:
            self._flusher = None
            for append in self._waiting:  # only when the loop is being torn down
                append.result.cancel()

    def _next_batch(self) -> list[_Append]:
        """Take appends in their order, but only one for each stream."""
        batch: list[_Append] = []
        later: list[_Append] = []
        taken: set[str] = set()
        size = 0
        while self._waiting and (
            not batch or size + len(self._waiting[0].rows) <= self._max_events
        ):
            append = self._waiting.popleft()
            free = taken.isdisjoint(append.streams)
            taken |= append.streams
            if append.result.cancelled():
                continue
            if not free:
                later.append(append)
                continue
            batch.append(append)
            size += len(append.rows)
        self._waiting.extendleft(reversed(later))
        return batch

    async def _commit_one(self, batch: Sequence[_Append]) -> None:
        try:
            failpoint("before-commit")
            found = await self._commit([append.rows for append in batch])
            failpoint("after-commit")
            results = [_result(append, one) for append, one in zip(batch, found, strict=True)]
            self._publish(batch, results)
        except Exception as error:  # noqa: BLE001 - each caller is told
            for append in batch:
                if not append.result.done():
                    append.result.set_exception(_unavailable(error))
            return
        except BaseException:
            for append in batch:
                append.result.cancel()
            raise
        for append, result in zip(batch, results, strict=True):
            if not append.result.done():
                append.result.set_result(result)

    def _publish(self, batch: Sequence[_Append], results: Sequence[Appended | Conflict]) -> None:
        recorded: list[Recorded] = []
        size = 0
        for append, result in zip(batch, results, strict=True):
            if isinstance(result, Appended):
                recorded += result.recorded
                size += sum([len(state) for _, _, _, state in append.rows])
                for write in append.writes:
                    self._learn(write.stream, write.expected + len(write.events))
        if recorded:
            self._published(recorded, size=size)


def _rows(writes: Sequence[Write]) -> list[Row]:
    return [
        (write.stream, version, topic_of(event), encode(event))
        for write in writes
        for version, event in enumerate(write.events, write.expected + 1)
    ]


def _result(append: _Append, found: int | Conflict) -> Appended | Conflict:
    if isinstance(found, Conflict):
        return found
    recorded: list[Recorded] = []
    position = found
    for write in append.writes:
        for version, event in enumerate(write.events, write.expected + 1):
            recorded.append(Recorded(position, write.stream, version, event))
            position += 1
    return Appended(recorded)


def _unavailable(error: Exception) -> Unavailable:
    """Return an exception of its own for each caller: traceback and context grow on it."""
    unavailable = Unavailable(*error.args)
    unavailable.__cause__ = error
    return unavailable
