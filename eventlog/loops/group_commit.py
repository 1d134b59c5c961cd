"""Appends that arrive while a commit is under way go into the next one: the one append path.

The committer of a store writes a batch; which appends make up a batch, who hears of it and in which
order is decided here, on the event loop.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias

from baton.eventlog.errors import Unavailable
from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Write
from baton.eventlog.failpoints import failpoint

Row = tuple[str, int, str, bytes]
"""An event to be stored: stream, version, topic, state."""

Commit = Callable[[Sequence[Sequence[Row]]], Awaitable[Sequence[int | Conflict]]]
"""Makes a batch of appends durable, each whole or not at all; it may begin with the call.

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
FURTHER = 20
"""Appends that are worth a commit of their own while another one is under way."""


@dataclass(slots=True, eq=False)
class _Append:
    writes: Sequence[Write]
    rows: Sequence[Row]
    streams: set[str]
    size: int  # bytes
    result: asyncio.Future[Appended | Conflict]


_Committed: TypeAlias = "asyncio.Future[Sequence[int | Conflict]]"


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
        ahead: int = 1,
    ) -> None:
        """Without `newest`, `commit` has to tell a gap from what is `known`.

        `ahead` commits may be under way at once, where they are made in the order they began.
        """
        self._commit = commit
        self._newest = newest
        self._published = published
        self._known: OrderedDict[str, int] = OrderedDict()  # what streams certainly have
        self._max_events = max_events
        self._ahead = ahead
        self._waiting: deque[_Append] = deque()
        self._flushing = False
        self._under_way: set[_Committed] = set()
        self._closed = False

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        """Record all of `writes` or none; durable when it returns.

        A caller that is cancelled meanwhile doesn't know what happened: what is under way goes on.
        Raises `Unavailable`, `Unwritable`, and ValueError when two writes name one stream.
        """
        append = _append_of(writes)
        if not append.writes:
            return Appended(())
        for write in append.writes:
            known = self._known.get(write.stream, 0)
            if known != write.expected and (conflict := await self._foreseen(write, known)):
                return conflict
        if self._closed:
            raise Unavailable("the store is closed")
        self._waiting.append(append)
        if self._ahead > 1 and len(self._waiting) >= FURTHER:
            self._flush()
        elif not self._flushing and not self._under_way:
            self._flushing = True
            append.result.get_loop().call_soon(self._flush)
        return await append.result

    def known(self, stream: str) -> int:
        """Return a version that the stream has certainly reached, 0 when nothing is known."""
        return self._known.get(stream, 0)

    async def close(self) -> None:
        """Finish what was accepted, then take nothing more."""
        self._closed = True
        while self._waiting or self._under_way:
            self._flush()
            await asyncio.wait(self._under_way)
            await asyncio.sleep(0)  # for what follows when they are done

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

    def _flush(self) -> None:
        """Begin as many commits as may be under way and are worth it."""
        self._flushing = False
        while self._waiting and len(self._under_way) < self._ahead:
            if self._under_way and len(self._waiting) < FURTHER:
                return
            if batch := self._next_batch():
                failpoint("before-commit")
                committed = asyncio.ensure_future(self._commit([one.rows for one in batch]))
                self._under_way.add(committed)
                committed.add_done_callback(partial(self._settle, batch))

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

    def _settle(self, batch: Sequence[_Append], committed: _Committed) -> None:
        self._under_way.discard(committed)
        if committed.cancelled():  # the loop is being torn down
            for append in (*batch, *self._waiting):
                append.result.cancel()
            return
        try:
            failpoint("after-commit")
            results = [_result(*one) for one in zip(batch, committed.result(), strict=True)]
            self._publish(batch, results)
        except Exception as error:  # noqa: BLE001 - each caller is told
            _refuse(batch, error)
        else:
            _accept(batch, results)
        self._flush()

    def _publish(self, batch: Sequence[_Append], results: Sequence[Appended | Conflict]) -> None:
        recorded: list[Recorded] = []
        size = 0
        for append, result in zip(batch, results, strict=True):
            if isinstance(result, Appended):
                recorded += result.recorded
                size += append.size
                for write in append.writes:
                    self._learn(write.stream, write.expected + len(write.events))
        if recorded:
            self._published(recorded, size=size)


def _append_of(writes: Sequence[Write]) -> _Append:
    """Return what is to be stored; raises `Unwritable`, and ValueError as `append` does."""
    needed: list[Write] = []
    rows: list[Row] = []
    streams: set[str] = set()
    size = 0
    for write in writes:
        if not write.events:
            continue
        needed.append(write)
        streams.add(write.stream)
        for version, event in enumerate(write.events, write.expected + 1):
            state = encode(event)
            size += len(state)
            rows.append((write.stream, version, topic_of(event), state))
    if len(streams) < len(needed):
        raise ValueError("two writes of one append name the same stream")
    return _Append(needed, rows, streams, size, asyncio.get_running_loop().create_future())


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


def _accept(batch: Sequence[_Append], results: Sequence[Appended | Conflict]) -> None:
    for append, result in zip(batch, results, strict=True):
        if not append.result.done():
            append.result.set_result(result)


def _refuse(batch: Sequence[_Append], error: Exception) -> None:
    for append in batch:
        if not append.result.done():
            append.result.set_exception(_unavailable(error))


def _unavailable(error: Exception) -> Unavailable:
    """Return an exception of its own for each caller: traceback and context grow on it."""
    unavailable = Unavailable(*error.args)
    unavailable.__cause__ = error
    return unavailable
