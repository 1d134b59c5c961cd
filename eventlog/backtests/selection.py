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
"""Runs of one backtest."""
PAGE: Final = 1_000
"""Events that are read at once."""
SHORT_PAGE: Final = 250
"""Events that are read at once where other tasks wait meanwhile."""

Progress: TypeAlias = Callable[[int, int], None]
"""Callback(done, total): positions of the log while runs are chosen, then runs."""


@frozen
class Selection:
    """The recorded runs of a definition that a backtest looks at.

    `last` is the number of the newest of them, `since` the time from which they were requested (ms
    since the epoch, UTC). `statuses` and `ids` are those that they may have; None is any.
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

    No event behind the position `until` counts.
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
        leave_room: Whether other tasks of this process get half of its time.
        progress: Called with the positions that were read.
    """
    until = await leaves.newest()
    seen: dict[str, _Seen] = {}
    begin = stream_name(selection.tenant, "run", "")
    needle = selection.definition_id.encode()
    async for page in pages(leaves, until, leave_room=leave_room):
        for event in page:
            if not event.stream.startswith(begin):
                continue
            if event.topic in _REQUESTED and needle in event.state:
                _request(event, selection, seen)
            elif (run := seen.get(event.stream)) is not None:
                run.version = event.version
                run.status = _STATUS_OF.get(event.topic, run.status)
        progress(page[-1].position, until)
    wanted = [
        (stream, run.version)
        for stream, run in seen.items()
        if selection.statuses is None or run.status in selection.statuses
    ]
    newest = islice(wanted, max(0, len(wanted) - selection.last), None)
    return Chosen(runs=dict(newest), until=until)


async def pages(
    leaves: LeafStore, until: int, *, leave_room: bool
) -> AsyncIterator[Sequence[Stored]]:
    """Yield the stored events up to a position, page by page; other tasks run in between."""
    after, limit = 0, SHORT_PAGE if leave_room else PAGE
    while after < until:
        began = time.perf_counter()
        found = await leaves.events(after=after, limit=limit)
        page = [one for one in found if one.position <= until]
        if not page:
            return
        yield page
        after = page[-1].position
        await asyncio.sleep(time.perf_counter() - began if leave_room else 0)


def _request(event: Stored, selection: Selection, seen: dict[str, _Seen]) -> None:
    """Take note of a run that was requested, if it belongs to the selection."""
    requested: RunRequested = decode_recorded(*event).event
    wanted = selection.ids is None or requested.run_id in selection.ids
    of_definition = requested.definition_id == selection.definition_id
    if wanted and of_definition and requested.at >= selection.since:
        seen[event.stream] = _Seen(event.version, "pending")
