"""Group commit, the only append path: appends that arrive during a commit share the next one.

A store only commits batches. This module decides, on the event loop, which appends form a batch,
and in which order followers and callers get the results.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Protocol, TypeAlias

from baton.eventlog.errors import Unavailable
from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Write
from baton.eventlog.failpoints import failpoint
from baton.eventlog.metrics.commits import CommitHistograms

Row = tuple[str, int, str, bytes]
"""An event to store: stream, version, topic, state."""

Commit = Callable[[Sequence[Sequence[Row]]], Awaitable[Sequence[int | Conflict]]]
"""Makes a batch of appends durable; each append is stored as a whole or not at all.

Called on the event loop; the commit may begin with the call, before the result is awaited. No two
appends of a batch write to the same stream. Returns for each append a `Conflict`, or the position
of its first event; its other events follow without a gap. Raises `Unavailable` if nothing of the
batch was stored.
"""

LoadVersion = Callable[[str], Awaitable[int]]
"""Returns the version of a stream's newest committed event, 0 for an empty stream."""


class Publish(Protocol):
    """Called on the event loop with the events of each committed batch."""

    def __call__(self, recorded: Sequence[Recorded], *, size: int) -> None:
        """Deliver `recorded`, in order of position; `size` is their stored bytes."""
        ...


MAX_EVENTS = 2_000
"""The number of events of a batch, at most, unless a single append has more."""
MAX_KNOWN_VERSIONS = 50_000
"""The number of streams whose versions are remembered."""
MIN_FURTHER_COMMIT = 20
"""The number of waiting appends from which on another commit starts while one is in flight."""


@dataclass(slots=True, eq=False)
class _Append:
    writes: Sequence[Write]
    rows: Sequence[Row]
    streams: set[str]
    size: int  # bytes
    result: asyncio.Future[Appended | Conflict]


_Committed: TypeAlias = "asyncio.Future[Sequence[int | Conflict]]"


class GroupCommit:
    """Collects appends into batches, commits them, and returns the results in log order.

    `metrics` has one observation for each commit.
    """

    def __init__(
        self,
        commit: Commit,
        load_version: LoadVersion | None,
        publish: Publish,
        *,
        max_events: int = MAX_EVENTS,
        max_in_flight: int = 1,
    ) -> None:
        """Commit through `commit`, then deliver the events through `publish`.

        Args:
            load_version: Detects an append whose expected version is too high. Without it, `commit`
                must detect such a gap itself, with the help of `known_version`.
            publish: Gets the events of each batch before the callers get their results.
            max_events: The most events of a batch.
            max_in_flight: The number of commits in flight at once. The store must complete them in
                the order in which they began.
        """
        self.metrics = CommitHistograms()
        self._commit = commit
        self._load_version = load_version
        self._deliver = publish
        self._known: OrderedDict[str, int] = OrderedDict()  # versions that streams have reached
        self._max_events = max_events
        self._max_in_flight = max_in_flight
        self._waiting: deque[_Append] = deque()
        self._flush_is_due = False
        self._in_flight: set[_Committed] = set()
        self._closed = False

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        """Append all of `writes` or none; durable when it returns.

        Cancelling the call doesn't cancel a commit in flight, so the events may be stored. Raises
        `Unavailable`, `Unwritable`, and ValueError if two writes name the same stream.
        """
        append = _append_of(writes)
        if not append.writes:
            return Appended(())
        for write in append.writes:
            known = self._known.get(write.stream, 0)
            if known != write.expected and (conflict := await self._find_conflict(write, known)):
                return conflict
        if self._closed:
            raise Unavailable("the store is closed")
        self._waiting.append(append)
        if self._max_in_flight > 1 and len(self._waiting) >= MIN_FURTHER_COMMIT:
            self._flush()
        elif not self._flush_is_due and not self._in_flight:
            self._flush_is_due = True
            append.result.get_loop().call_soon(self._flush)
        return await append.result

    @property
    def in_flight(self) -> bool:
        """Whether a commit is in flight, whose events may be stored but aren't published yet."""
        return bool(self._in_flight)

    def known_version(self, stream: str) -> int:
        """Return a version that the stream has reached (it may have a newer one); 0 if unknown."""
        return self._known.get(stream, 0)

    async def close(self) -> None:
        """Refuse new appends and finish the accepted ones."""
        self._closed = True
        while self._waiting or self._in_flight:
            self._flush()
            await asyncio.wait(self._in_flight)
            await asyncio.sleep(0)  # lets the callbacks of the commits run

    async def _find_conflict(self, write: Write, known: int) -> Conflict | None:
        """Return a conflict if the expected version is too low, or so high that a gap would follow.

        A stream only grows, so a version that it once had remains a lower bound. The store's unique
        key detects conflicts with writers of other processes.
        """
        if known < write.expected:
            if self._load_version is None:
                return None
            known = await self._load_version(write.stream)
            self._remember(write.stream, known)
        return Conflict(write.stream) if known != write.expected else None

    def _remember(self, stream: str, version: int) -> None:
        """Remember the version of `stream`; evict the least recently changed stream."""
        self._known[stream] = max(version, self._known.pop(stream, 0))
        if len(self._known) > MAX_KNOWN_VERSIONS:
            self._known.popitem(last=False)

    def _flush(self) -> None:
        """Begin commits while appends wait, within the limit of commits in flight."""
        self._flush_is_due = False
        while self._waiting and len(self._in_flight) < self._max_in_flight:
            if self._in_flight and len(self._waiting) < MIN_FURTHER_COMMIT:
                return
            if batch := self._next_batch():
                failpoint("before-commit")
                began = perf_counter()
                committed = asyncio.ensure_future(self._commit([append.rows for append in batch]))
                self._in_flight.add(committed)
                committed.add_done_callback(partial(self._settle, batch, began))

    def _next_batch(self) -> list[_Append]:
        """Remove the next appends from the queue, in order, with at most one per stream."""
        batch: list[_Append] = []
        postponed: list[_Append] = []
        streams: set[str] = set()
        size = 0
        while self._waiting and (
            not batch or size + len(self._waiting[0].rows) <= self._max_events
        ):
            append = self._waiting.popleft()
            is_first = streams.isdisjoint(append.streams)
            streams |= append.streams
            if append.result.cancelled():
                continue
            if not is_first:
                postponed.append(append)
                continue
            batch.append(append)
            size += len(append.rows)
        self._waiting.extendleft(reversed(postponed))
        return batch

    def _settle(self, batch: Sequence[_Append], began: float, committed: _Committed) -> None:
        """Publish the events of a commit, and return to its callers; `began` is in seconds."""
        seconds = perf_counter() - began
        self._in_flight.discard(committed)
        if committed.cancelled():  # the event loop is shutting down
            for append in (*batch, *self._waiting):
                append.result.cancel()
            return
        try:
            failpoint("after-commit")
            results = [_result(*pair) for pair in zip(batch, committed.result(), strict=True)]
            self.metrics.observe(seconds, self._publish(batch, results))
        except Exception as error:  # noqa: BLE001 - passed on to each caller
            _fail(batch, error)
        else:
            _resolve(batch, results)
        self._flush()

    def _publish(self, batch: Sequence[_Append], results: Sequence[Appended | Conflict]) -> int:
        """Publish the events that were stored and return their number."""
        recorded: list[Recorded] = []
        size = 0
        for append, result in zip(batch, results, strict=True):
            if isinstance(result, Appended):
                recorded += result.recorded
                size += append.size
                for write in append.writes:
                    self._remember(write.stream, write.expected + len(write.events))
        if recorded:
            self._deliver(recorded, size=size)
        return len(recorded)


def _append_of(writes: Sequence[Write]) -> _Append:
    """Return the append of `writes`; raises `Unwritable` and ValueError as `append` does."""
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


def _result(append: _Append, committed: int | Conflict) -> Appended | Conflict:
    if isinstance(committed, Conflict):
        return committed
    recorded: list[Recorded] = []
    position = committed
    for write in append.writes:
        for version, event in enumerate(write.events, write.expected + 1):
            recorded.append(Recorded(position, write.stream, version, event))
            position += 1
    return Appended(recorded)


def _resolve(batch: Sequence[_Append], results: Sequence[Appended | Conflict]) -> None:
    for append, result in zip(batch, results, strict=True):
        if not append.result.done():
            append.result.set_result(result)


def _fail(batch: Sequence[_Append], error: Exception) -> None:
    for append in batch:
        if not append.result.done():
            append.result.set_exception(_unavailable(error))


def _unavailable(error: Exception) -> Unavailable:
    """Return a separate exception for each caller, since each raise adds to its traceback."""
    unavailable = Unavailable(*error.args)
    unavailable.__cause__ = error
    return unavailable
