"""The first pass over the log: chooses the recorded runs of a definition."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from baton.domain.frozen import frozen
from baton.domain.run.folded import RunStatus
from baton.domain.run.messages import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
)
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import decode_recorded, stored_topics_of
from baton.eventlog.events.envelope import Stored
from baton.eventlog.ports.audit.leaf_store import LeafStore

MAX_RUNS: Final = 1_000_000
"""The number of runs that one backtest may have."""
PAGE: Final = 1_000
"""The number of events that one read returns."""
SHORT_PAGE: Final = 250
"""The number of events that one read returns while other tasks wait."""

Progress: TypeAlias = Callable[[int, int], None]
"""Callback(done, total): positions of the log while runs are chosen, then runs."""


@frozen
class Selection:
    """The recorded runs of a definition that a backtest replays.

    `last` limits them to the newest ones, `since` is the earliest time of a request (ms since the
    epoch, UTC). `statuses` and `ids` are those that the runs may have; None means any.
    """

    tenant: str
    definition_id: str
    last: int = MAX_RUNS
    since: int = 0
    statuses: frozenset[str] | None = None
    ids: frozenset[str] | None = None


@frozen
class Chosen:
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
    selection: Selection,
    *,
    leave_room: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Chosen:
    """Return the runs of a selection, as of now; raises `Unavailable` and `Unreadable`.

    Args:
        leaves: The stored events.
        selection: The runs to choose.
        leave_room: Whether half of the time is left to other tasks of this process.
        progress: Called with the positions that were read.
    """
    until = await leaves.newest()
    candidates: dict[str, _Seen] = {}
    begin = stream_name(selection.tenant, "run", "")
    needle = selection.definition_id.encode()
    async for page in pages(leaves, until, leave_room=leave_room):
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
    return Chosen(runs=dict(newest), until=until)


async def pages(
    leaves: LeafStore, until: int, *, leave_room: bool
) -> AsyncIterator[Sequence[Stored]]:
    """Yield the stored events up to a position, page by page; other tasks run in between."""
    after, limit = 0, SHORT_PAGE if leave_room else PAGE
    while after < until:
        began = time.perf_counter()
        stored = await leaves.events(after=after, limit=limit)
        page = [event for event in stored if event.position <= until]
        if not page:
            return
        yield page
        after = page[-1].position
        await asyncio.sleep(time.perf_counter() - began if leave_room else 0)


def _request(event: Stored, selection: Selection, candidates: dict[str, _Seen]) -> None:
    """Remember a requested run if it belongs to the selection."""
    requested: RunRequested = decode_recorded(*event).event
    id_matches = selection.ids is None or requested.run_id in selection.ids
    of_definition = requested.definition_id == selection.definition_id
    if id_matches and of_definition and requested.at >= selection.since:
        candidates[event.stream] = _Seen(event.version, "pending")
