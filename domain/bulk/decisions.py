"""Decisions about bulks: each run gets one outcome per round, and a report counts once."""

from typing import Final, assert_never

from baton.domain.bulk.messages import (
    BulkCompleted,
    BulkProgressed,
    BulkRequested,
    BulkRetried,
    BulkStopped,
    BulkStopRequested,
    Command,
    Event,
    ReportItems,
    RequestBulk,
    RetryBulk,
    StopBulk,
)
from baton.domain.bulk.state import State, evolve
from baton.domain.decider import Decider
from baton.domain.errors import Fault, InConflict, Invalid, NotFound

MAX_RUNS: Final = 1_000_000
"""The most runs of one bulk."""
MAX_ITEMS: Final = 500
"""The most outcomes that one event records."""
MAX_PER_SECOND: Final = 10_000
"""The highest rate that a request can ask for, in runs per second."""


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises Invalid, NotFound, InConflict.

    A report about runs that have been reported before decides nothing.
    """
    if isinstance(command, RequestBulk):
        return [] if state.bulk_id else _request(command)
    if not state.bulk_id:
        raise NotFound("bulk")
    match command:
        case ReportItems():
            return _report(command, state)
        case StopBulk():
            return _stop(command, state)
        case RetryBulk():
            return _retry(command, state)
    assert_never(command)


def _request(command: RequestBulk) -> list[Event]:
    _check(command)
    requested = BulkRequested(
        tenant=command.tenant,
        bulk_id=command.bulk_id,
        action=command.action,
        args=command.args,
        filter=command.filter,
        chunks=command.chunks,
        count=command.count,
        position=command.position,
        per_second=command.per_second,
        actor=command.actor,
        at=command.at,
    )
    return [requested] if command.count else [requested, BulkCompleted(at=command.at)]


def _check(command: RequestBulk) -> None:
    faults: list[Fault] = []
    if not command.bulk_id:
        faults.append(Fault(("bulk_id",), "must not be empty"))
    if not 0 <= command.count <= MAX_RUNS:
        place = "ids" if command.filter is None else "filter"
        faults.append(Fault((place,), f"must choose at most {MAX_RUNS} runs"))
    if command.per_second is not None and not 1 <= command.per_second <= MAX_PER_SECOND:
        faults.append(Fault(("perSecond",), f"must be from 1 to {MAX_PER_SECOND}"))
    if faults:
        raise Invalid("The bulk is not valid", faults=faults, subject="bulk")


def _report(command: ReportItems, state: State) -> list[Event]:
    """Record outcomes that follow those recorded; the last ones of a round end it."""
    if not state.active or (command.round, command.first) != (state.round, state.next):
        return []
    stopping = state.status == "stopping"
    if not len(command.items) <= command.through - command.first <= MAX_ITEMS:
        raise Invalid("A report has more items than runs", subject="bulk")
    if command.through > state.count or (command.through == command.first and not stopping):
        return []
    decided: list[Event] = []
    if command.items or not stopping:
        decided.append(
            BulkProgressed(
                round=command.round, through=command.through, items=command.items, at=command.at
            )
        )
    if stopping:
        decided.append(BulkStopped(at=command.at))
    elif command.through == state.count:
        decided.append(BulkCompleted(at=command.at))
    return decided


def _stop(command: StopBulk, state: State) -> list[Event]:
    if state.status == "completed":
        raise InConflict("bulk_ended", status=state.status)
    if state.status != "running":
        return []
    return [BulkStopRequested(actor=command.actor, at=command.at)]


def _retry(command: RetryBulk, state: State) -> list[Event]:
    if state.active:
        raise InConflict("bulk_unfinished", status=state.status)
    if not state.tally.failed:
        raise InConflict("bulk_without_failures")
    if command.count != state.tally.failed:
        raise InConflict("contention")
    return [
        BulkRetried(chunks=command.chunks, count=command.count, actor=command.actor, at=command.at)
    ]


DECIDER: Decider[Command, State, Event] = Decider("bulk", State(), decide, evolve)
