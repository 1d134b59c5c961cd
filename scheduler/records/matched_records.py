"""Record events with the triggers that they match, and their division into appends."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import (
    Command,
    Event,
    Fired,
    RecordReceived,
    ReportMatches,
    Skipped,
)
from baton.domain.record.state import State as Record
from baton.eventlog.loops.load import StreamState
from baton.eventlog.loops.transact import StreamCommand
from baton.scheduler.records.triggers import Match

STREAMS_PER_APPEND: Final = 40
"""The number of streams that one append writes, unless a single record event needs more.

Few large appends avoid the fixed cost of many small ones.
"""


class MatchedRecord(NamedTuple):
    """A record event with its stream and position, and the triggers that it fires or skips."""

    stream: str
    event: RecordReceived
    match: Match
    position: int


def in_appends(matched: Sequence[MatchedRecord]) -> Iterator[Sequence[MatchedRecord]]:
    """Split `matched` into appends of about `STREAMS_PER_APPEND` streams."""
    collected: list[MatchedRecord] = []
    size = 0
    for record in matched:
        collected.append(record)
        size += len(record.match.fire) + bool(record.match.skipped)
        if size >= STREAMS_PER_APPEND:
            yield collected
            collected, size = [], 0
    if collected:
        yield collected


def report_matches(
    stream: str,
    event: RecordReceived,
    fired: tuple[Fired, ...],
    skipped: tuple[Skipped, ...],
    now: int,
) -> StreamCommand[Command, Record, Event]:
    """Return the command that records the outcome of matching a record event."""
    command = ReportMatches(fired=fired, skipped=skipped, at=now)
    return StreamCommand(RECORD, stream, command, StreamState(Record(received=event), 1))
