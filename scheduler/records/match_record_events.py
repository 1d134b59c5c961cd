"""Matches record events: follows the log and requests a run for every trigger that matches.

A run's id is derived from its definition and the record event, so a match that is repeated after a
crash meets a conflict and is dropped.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from baton.domain.actor import Actor
from baton.domain.definition.state import State as Definition
from baton.domain.ids import derived_id
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
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import RequestRun
from baton.domain.run.state import State as Run
from baton.domain.run.trigger import ByRecord
from baton.domain.stream import StreamParts, stream_name, stream_parts
from baton.eventlog.errors import Unwritable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.load import StreamState
from baton.eventlog.loops.transact import StreamCommand, transact, transact_all
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.run_values import RunValues
from baton.scheduler.metrics import Counters
from baton.scheduler.records.triggers import CHANGES, Match, Triggers, triggers_at

NAME: Final = "scheduler.records"
"""Name of the checkpoint and of the log subscription."""
SAVE_EVERY_MS: Final = 1_000
"""Interval between checkpoints while batches arrive."""
PACE_MS: Final = 10
"""Pause between reads of the log: most events don't concern this follower, so each read takes a
larger batch."""
STREAMS_PER_APPEND: Final = 40
"""Streams that one append writes, unless a single record event needs more. Fewer, larger appends
spare the fixed cost of each."""
CONCURRENT_APPENDS: Final = 50
"""Appends in flight at once; the store commits them together."""

FOLLOWED_EVENTS: Final[frozenset[type]] = frozenset((RecordReceived, *CHANGES))
"""Event classes that are matched or change a trigger."""

_NEW_RUN: Final = StreamState(Run(), 0)
_MatchedRecord: TypeAlias = tuple[str, RecordReceived, Match]
"""Stream of the record event, the event, its match."""

_log = logging.getLogger(__name__)


class RecordMatcher:
    """Follows the log from its checkpoint (`run`).

    Two matchers at the same time record nothing twice; they only repeat each other's work.
    """

    def __init__(self, stores: Stores, *, clock: Clock, counters: Counters | None = None) -> None:
        self._stores = stores
        self._values = RunValues(stores.artifacts)
        self._clock = clock
        self._counters = counters or Counters()
        self._triggers: Triggers | None = None
        self._position = 0
        self._saved = 0
        self._saved_at = 0
        self._processing = asyncio.Lock()

    async def run(self) -> None:
        """Match until cancelled. Raises the error that made the log or an event unreadable."""
        self._position = self._saved = await self._stores.checkpoints.load(NAME)
        subscription = await self._stores.log.subscribe(NAME, after=self._position)
        await follow(subscription, self.handle, clock=self._clock, pace_ms=PACE_MS)

    async def handle(self, batch: Sequence[Recorded]) -> None:
        """Request the runs that the record events of `batch` start.

        Each event is matched against the triggers as of its own position. After an error the caller
        repeats the batch; the triggers are then loaded again as of the start of the batch.
        """
        async with self._processing:
            await self._handle(batch)
        if not 0 <= self._clock.now() - self._saved_at < SAVE_EVERY_MS:
            await self.save()

    async def drain(self) -> None:
        """Wait for the batch in progress; no other batch is processed afterwards."""
        await self._processing.acquire()

    async def save(self) -> None:
        """Save the position up to which all runs are requested; raises `Unavailable`."""
        self._saved_at = self._clock.now()
        if self._position > self._saved:
            position = self._position
            await self._stores.checkpoints.save(NAME, position)
            self._saved = position

    async def _handle(self, batch: Sequence[Recorded]) -> None:
        triggers = self._triggers or await self._load_triggers()
        self._triggers = None
        matched = await self._match(batch, triggers)
        groups = list(_appends(matched))
        for at in range(0, len(groups), CONCURRENT_APPENDS):
            await asyncio.gather(*map(self._request, groups[at : at + CONCURRENT_APPENDS]))
        self._triggers = triggers
        self._position = max(self._position, batch[-1].position)

    async def _load_triggers(self) -> Triggers:
        return await triggers_at(self._position, self._stores.events, self._stores.views)

    async def _match(self, batch: Sequence[Recorded], triggers: Triggers) -> list[_MatchedRecord]:
        found: list[_MatchedRecord] = []
        position = self._position
        for recorded in batch:
            if recorded.position <= position:
                continue
            position, event = recorded.position, recorded.event
            if isinstance(event, RecordReceived):
                match = triggers.match(stream_parts(recorded.stream).tenant, event)
                if match.fire or match.skipped:
                    found.append((recorded.stream, event, match))
            elif isinstance(event, CHANGES):
                await triggers.observe(recorded)
        return found

    async def _request(self, group: Sequence[_MatchedRecord]) -> None:
        """Append the runs of a group of record events, and the reasons of skipped triggers."""
        commands = [command for one in group for command in await self._commands(one)]
        try:
            outcomes = await transact_all(self._stores.events, commands)
        except Unwritable as error:
            if len(group) == 1:
                await self._record_unwritable(group[0], error)
            else:
                await asyncio.gather(*(self._request((one,)) for one in group))
            return
        self._counters.records_considered += len(group)
        self._counters.triggers_skipped += sum(len(one[2].skipped) for one in group)
        requested = zip(commands, outcomes, strict=True)
        self._counters.runs_requested += sum(
            outcome.changed for command, outcome in requested if command.decider is RUN
        )

    async def _commands(self, matched: _MatchedRecord) -> list[StreamCommand[Any, Any, Any]]:
        stream, event, match = matched
        parts = stream_parts(stream)
        now = self._clock.now()
        requests = [
            await self._values.store_request(self._run_of(one, parts, event, now))
            for one in match.fire
        ]
        commands: list[StreamCommand[Any, Any, Any]] = [
            StreamCommand(RUN, stream_name(parts.tenant, RUN.name, one.run_id), one, _NEW_RUN)
            for one in requests
        ]
        if match.skipped:
            fired = tuple((one.definition.definition_id, one.run_id) for one in requests)
            commands.append(_record_match(stream, event, fired, match.skipped, now))
        return commands

    async def _record_unwritable(self, matched: _MatchedRecord, error: Unwritable) -> None:
        """Record that the store can't write the runs of one record event.

        The event must not block the others, so its triggers count as skipped.
        """
        stream, event, match = matched
        _log.warning("%s starts no run: %s", stream, error)
        reason = f"the run can't be written: {error}"
        refused = tuple((one.definition_id, reason) for one in match.fire)
        skipped = (*refused, *match.skipped)
        record = _record_match(stream, event, (), skipped, self._clock.now())
        await transact(self._stores.events, RECORD, stream, record.command, known=record.known)

    def _run_of(
        self, definition: Definition, parts: StreamParts, event: RecordReceived, now: int
    ) -> RequestRun:
        """Return the request of a run.

        The id of the record's stream identifies the source and the event, so it yields the run id.
        """
        return RequestRun(
            run_id=derived_id(definition.definition_id, parts.id),
            definition=definition,
            trigger=ByRecord(
                event_type=event.type,
                structure=event.structure,
                record_id=event.record_id,
                event_id=event.event_id,
            ),
            actor=Actor(event.source, "event"),
            at=now,
            input=event.input,
        )


def _appends(matched: Sequence[_MatchedRecord]) -> Iterator[Sequence[_MatchedRecord]]:
    """Split `matched` into appends of about `STREAMS_PER_APPEND` streams."""
    collected: list[_MatchedRecord] = []
    size = 0
    for one in matched:
        match = one[2]
        collected.append(one)
        size += len(match.fire) + bool(match.skipped)
        if size >= STREAMS_PER_APPEND:
            yield collected
            collected, size = [], 0
    if collected:
        yield collected


def _record_match(
    stream: str,
    event: RecordReceived,
    fired: tuple[Fired, ...],
    skipped: tuple[Skipped, ...],
    now: int,
) -> StreamCommand[Command, Record, Event]:
    command = ReportMatches(fired=fired, skipped=skipped, at=now)
    return StreamCommand(RECORD, stream, command, StreamState(Record(received=event), 1))
