"""The second pass over the log: collects the events of the chosen runs."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple, TypeAlias

from baton.domain.run.messages.run_events import (
    RunBranched,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
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
from baton.eventlog.backtests.selection import ChosenRuns, pages
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
    leaves: LeafStore, chosen: ChosenRuns, *, yield_time: bool = False
) -> AsyncIterator[Batch]:
    """Yield the chosen runs in the order of their last events; raises `Unavailable`.

    Args:
        leaves: The stored events.
        chosen: The runs.
        yield_time: Whether reading takes at most half of the time of this process.
    """
    under_way: dict[str, list[tuple[str, bytes]]] = {}
    batch: Batch = []
    size = 0
    async for page in pages(leaves, chosen.until, yield_time=yield_time):
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
