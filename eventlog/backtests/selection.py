"""The first pass over the log: chooses the recorded runs of a definition."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from baton.domain.frozen import frozen
from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
)
from baton.domain.run.state import RunStatus
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import decode_recorded, stored_topics_of
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.audit.leaf_store import LeafStore

MAX_RUNS: Final = 1_000_000
"""The largest number of runs of one backtest."""
PAGE: Final = 1_000
"""The number of events that one read returns."""
SHORT_PAGE: Final = 250
"""The number of events that one read returns while other tasks wait."""

Progress: TypeAlias = Callable[[int, int], None]
"""Callback(done, total): positions of the log while runs are chosen, then runs."""


@frozen
class RunSelection:
    """The recorded runs of a definition that a backtest replays.

    `last` is the number of newest runs to replay. `since` is the earliest time of request (ms since
    the epoch, UTC). `statuses` and `ids` select runs by status and id; None selects all.
    """

    tenant: str
    definition_id: str
    last: int = MAX_RUNS
    since: int = 0
    statuses: frozenset[str] | None = None
    ids: frozenset[str] | None = None


@frozen
class ChosenRuns:
    """The chosen runs: the last version of each by its stream, in the order of their requests.

    Events after the position `until` are ignored.
    """

    runs: Mapping[str, int]
    until: int


@dataclass(slots=True)
class _Seen:
    version: int
    status: RunStatus


_STATUSES: Final[Mapping[type, RunStatus]] = {
    RunRequested: "pending",
    RunStarted: "running",
    RunReopened: "running",
    RunResumed: "running",
    RunPaused: "paused",
    RunCompleted: "completed",
    RunFailed: "failed",
    RunCancelled: "cancelled",
}
_STATUS_OF: Final = {
    topic: status for cls, status in _STATUSES.items() for topic in stored_topics_of([cls])
}
_REQUESTED: Final = stored_topics_of([RunRequested])


async def choose_runs(
    leaves: LeafStore,
    selection: RunSelection,
    *,
    yield_time: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> ChosenRuns:
    """Return the runs of a selection, as of now; raises `Unavailable` and `Unreadable`.

    Args:
        leaves: The stored events.
        selection: The runs to choose.
        yield_time: Whether reading takes at most half of the time of this process.
        progress: Called with the position reached, and the last position.
    """
    until = await leaves.newest()
    candidates: dict[str, _Seen] = {}
    begin = stream_name(selection.tenant, "run", "")
    needle = selection.definition_id.encode()
    async for page in pages(leaves, until, yield_time=yield_time):
        for event in page:
            if not event.stream.startswith(begin):
                continue
            if event.topic in _REQUESTED and needle in event.state:
                _request(event, selection, candidates)
            elif (run := candidates.get(event.stream)) is not None:
                run.version = event.version
                run.status = _STATUS_OF.get(event.topic, run.status)
        progress(page[-1].position, until)
    selected = [
        (stream, run.version)
        for stream, run in candidates.items()
        if selection.statuses is None or run.status in selection.statuses
    ]
    newest = islice(selected, max(0, len(selected) - selection.last), None)
    return ChosenRuns(runs=dict(newest), until=until)


async def pages(
    leaves: LeafStore, until: int, *, yield_time: bool
) -> AsyncIterator[Sequence[Stored]]:
    """Yield the stored events up to a position, page by page; other tasks run in between."""
    after, limit = 0, SHORT_PAGE if yield_time else PAGE
    while after < until:
        began = time.perf_counter()
        stored = await leaves.events(after=after, limit=limit)
        page = [event for event in stored if event.position <= until]
        if not page:
            return
        yield page
        after = page[-1].position
        await asyncio.sleep(time.perf_counter() - began if yield_time else 0)


def _request(event: Stored, selection: RunSelection, candidates: dict[str, _Seen]) -> None:
    """Remember a requested run if it belongs to the selection."""
    requested: RunRequested = decode_recorded(*event).event
    id_matches = selection.ids is None or requested.run_id in selection.ids
    of_definition = requested.definition_id == selection.definition_id
    if id_matches and of_definition and requested.at >= selection.since:
        candidates[event.stream] = _Seen(event.version, "pending")
