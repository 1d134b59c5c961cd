"""The second pass over the log: collects the events of the chosen runs."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple, TypeAlias

from baton.domain.run.messages import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RunBranched,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
    StepCopied,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
    SyncAwaited,
    SyncReached,
)
from baton.domain.stream import stream_parts
from baton.eventlog.backtests.selection import Chosen, pages
from baton.eventlog.events.codec import stored_topics_of
from baton.eventlog.ports.audit.leaf_store import LeafStore

BATCH_EVENTS: Final = 500
"""The least number of events of the runs in a batch: about 20 ms of work."""


class RecordedRun(NamedTuple):
    """A run as it is stored: topic and JSON of each event that a replay needs."""

    run_id: str
    events: tuple[tuple[str, bytes], ...]


Batch: TypeAlias = list[RecordedRun]

_NEEDED: Final = stored_topics_of(
    (
        *(RunRequested, RunBranched, StepCopied, RunStarted, RunPaused, RunResumed),
        *(RunReopened, RunCompleted, RunFailed, RunCancelled),
        *(StepStarted, StepSucceeded, StepFailed, StepTimedOut, StepSkipped, StepUndecided),
        *(DecisionTaken, DelayStarted, DelayElapsed, SyncAwaited, SyncReached),
    )
)


async def batches(
    leaves: LeafStore, chosen: Chosen, *, leave_room: bool = False
) -> AsyncIterator[Batch]:
    """Yield the chosen runs in the order of their last events; raises `Unavailable`.

    Args:
        leaves: The stored events.
        chosen: The runs.
        leave_room: Whether half of the time is left to other tasks of this process.
    """
    under_way: dict[str, list[tuple[str, bytes]]] = {}
    batch: Batch = []
    size = 0
    async for page in pages(leaves, chosen.until, leave_room=leave_room):
        for _, stream, version, topic, state in page:
            last = chosen.runs.get(stream)
            if last is None:
                continue
            if topic in _NEEDED:
                under_way.setdefault(stream, []).append((topic, state))
            if version == last:
                events = tuple(under_way.pop(stream, ()))
                batch.append(RecordedRun(stream_parts(stream).id, events))
                size += len(events)
                if size >= BATCH_EVENTS:
                    yield batch
                    batch, size = [], 0
    if batch:
        yield batch
