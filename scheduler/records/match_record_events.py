"""Matches record events: follows the log and requests a run for every matching trigger.

A run's id is derived from its definition and the record event, so a match that is repeated after a
crash meets a conflict and is dropped.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, cast

from baton.domain.actor import Actor
from baton.domain.definition.state import State as Definition
from baton.domain.ids import derived_id
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import RecordReceived
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import RequestRun
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
from baton.projector.open_runs import OpenRuns
from baton.scheduler.metrics import Counters
from baton.scheduler.records.deferred_records import DeferredRecord, DeferredRecords
from baton.scheduler.records.matched_records import (
    STREAMS_PER_APPEND,
    MatchedRecord,
    in_appends,
    report_matches,
)
from baton.scheduler.records.triggers import CHANGES, Triggers, triggers_at
from baton.scheduler.run_admission import DEFERRED_MS, RunAdmission

NAME: Final = "scheduler.records"
"""The name of the checkpoint and of the log subscription."""
SAVE_EVERY_MS: Final = 1_000
"""The interval between checkpoints while batches arrive, in ms."""
PACE_MS: Final = 10
"""The pause between reads of the log, in ms.

Most events don't concern this follower, so the pause lets each read take a larger batch.
"""
MAX_DEFERRED: Final = 100_000
"""The number of deferred record events from which on the log isn't read any further."""
CONCURRENT_APPENDS: Final = 50
"""The number of concurrent appends; the store commits them together."""

FOLLOWED_EVENTS: Final[frozenset[type]] = frozenset((RecordReceived, *CHANGES))
"""The event classes that are matched or that change a trigger."""

_NEW_RUN: Final = StreamState(Run(), 0)

_log = logging.getLogger(__name__)


class RecordMatcher:
    """Follows the log from its checkpoint (`run`).

    Two concurrent matchers record nothing twice; they only repeat each other's work. Record events
    of a tenant that has too many unfinished runs wait, in order, and events of other tenants pass
    them. The checkpoint stays before the first waiting event, so that a crash loses none.

    Args:
        stores: Holds the log, the definitions and the runs.
        clock: Gives commands their times, and paces the checkpoints.
        counters: Counts the matches.
        open_runs: The limit on unfinished runs by tenant; None is no limit.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        counters: Counters | None = None,
        open_runs: OpenRuns | None = None,
    ) -> None:
        self._stores = stores
        self._admission = RunAdmission(stores.views, open_runs)
        self._deferred = DeferredRecords()
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
        subscription = await self._stores.log.subscribe(
            NAME, after=self._position, classes=FOLLOWED_EVENTS
        )
        await follow(subscription, self.handle, clock=self._clock, pace_ms=PACE_MS)

    async def handle(self, batch: Sequence[Recorded]) -> None:
        """Request the runs that the record events of `batch` start.

        Each event is matched against the triggers as of its own position. After an error the caller
        repeats the batch; the triggers are then loaded again as of the start of the batch.
        """
        while len(self._deferred) >= MAX_DEFERRED:
            await self._clock.idle(DEFERRED_MS)
        async with self._processing:
            await self._handle(batch)
        if not 0 <= self._clock.now() - self._saved_at < SAVE_EVERY_MS:
            await self.save()

    async def start_deferred(self) -> None:
        """Request the runs of deferred record events, within the limits of their tenants."""
        async with self._processing:
            for tenant in self._deferred:
                while await self._start_first(tenant):
                    pass

    async def drain(self) -> None:
        """Wait for the batch in progress; no other batch is processed afterwards."""
        await self._processing.acquire()

    async def save(self) -> None:
        """Save the position up to which all runs are requested; raises `Unavailable`."""
        self._saved_at = self._clock.now()
        first = self._deferred.first_position
        position = self._position if first is None else first - 1
        if position > self._saved:
            await self._stores.checkpoints.save(NAME, position)
            self._saved = position

    async def _handle(self, batch: Sequence[Recorded]) -> None:
        triggers = self._triggers or await self._load_triggers()
        self._triggers = None
        matched = await self._match(batch, triggers)
        admitted, deferred = await self._admitted(matched)
        groups = list(in_appends(admitted))
        for at in range(0, len(groups), CONCURRENT_APPENDS):
            await asyncio.gather(*map(self._request, groups[at : at + CONCURRENT_APPENDS]))
        self._triggers = triggers
        self._position = max(self._position, batch[-1].position)
        for record in deferred:
            self._deferred.add(DeferredRecord(record.position, record.stream, record.match))

    async def _admitted(
        self, matched: Sequence[MatchedRecord]
    ) -> tuple[list[MatchedRecord], list[MatchedRecord]]:
        """Return the record events whose runs may start, and the deferred ones."""
        admitted: list[MatchedRecord] = []
        deferred: list[MatchedRecord] = []
        full: set[str] = set()
        for record in matched:
            tenant, starts = stream_parts(record.stream).tenant, len(record.match.fire)
            if not starts:
                admitted.append(record)
            elif tenant in full or tenant in self._deferred:
                deferred.append(record)
            elif await self._admission.admit(tenant, starts):
                admitted.append(record)
            else:
                _log.warning("tenant %s has too many unfinished runs: its events wait", tenant)
                full.add(tenant)
                deferred.append(record)
        self._counters.starts_deferred += len(deferred)
        return admitted, deferred

    async def _start_first(self, tenant: str) -> bool:
        """Request runs of a tenant's first deferred events; return whether to continue."""
        group: list[MatchedRecord] = []
        waiting = self._deferred.first(tenant, STREAMS_PER_APPEND)
        for position, stream, match in waiting:
            if not await self._admission.admit(tenant, len(match.fire)):
                break
            received = (await self._stores.events.read(stream))[0].event
            group.append(MatchedRecord(stream, cast("RecordReceived", received), match, position))
        if group:
            await self._request(group)
            self._deferred.remove_first(tenant, len(group))
        return bool(group)

    async def _load_triggers(self) -> Triggers:
        return await triggers_at(self._position, self._stores)

    async def _match(self, batch: Sequence[Recorded], triggers: Triggers) -> list[MatchedRecord]:
        matched: list[MatchedRecord] = []
        position = self._position
        for recorded in batch:
            if recorded.position <= position:
                continue
            position, event = recorded.position, recorded.event
            if isinstance(event, RecordReceived):
                match = triggers.match(stream_parts(recorded.stream).tenant, event)
                if match.fire or match.skipped:
                    matched.append(MatchedRecord(recorded.stream, event, match, position))
            elif isinstance(event, CHANGES):
                await triggers.observe(recorded)
        return matched

    async def _request(self, group: Sequence[MatchedRecord]) -> None:
        """Append the runs of a group of record events, and the reasons of skipped triggers."""
        commands = [command for record in group for command in await self._commands(record)]
        try:
            outcomes = await transact_all(self._stores.events, commands)
        except Unwritable as error:
            if len(group) == 1:
                await self._record_unwritable(group[0], error)
            else:
                await asyncio.gather(*(self._request((record,)) for record in group))
            return
        self._counters.records_considered += len(group)
        self._counters.triggers_skipped += sum(len(record.match.skipped) for record in group)
        for command, outcome in zip(commands, outcomes, strict=True):
            if command.decider is not RUN:
                continue
            if outcome.changed:
                self._counters.runs_requested += 1
            else:  # the event was matched before
                self._admission.give_back(stream_parts(command.stream).tenant)

    async def _commands(self, matched: MatchedRecord) -> list[StreamCommand[Any, Any, Any]]:
        stream, event, match, _ = matched
        parts = stream_parts(stream)
        now = self._clock.now()
        requests = [
            await self._values.store_request(self._run_of(definition, parts, event, now))
            for definition in match.fire
        ]
        commands: list[StreamCommand[Any, Any, Any]] = [
            StreamCommand(
                RUN, stream_name(parts.tenant, RUN.name, request.run_id), request, _NEW_RUN
            )
            for request in requests
        ]
        if match.skipped:
            fired = tuple(
                (request.definition.definition_id, request.run_id) for request in requests
            )
            commands.append(report_matches(stream, event, fired, match.skipped, now))
        return commands

    async def _record_unwritable(self, matched: MatchedRecord, error: Unwritable) -> None:
        """Record that the store can't write the runs of one record event.

        The event must not block the others, so its triggers count as skipped.
        """
        stream, event, match, _ = matched
        _log.warning("%s starts no run: %s", stream, error)
        reason = f"the run can't be written: {error}"
        refused = tuple((definition.definition_id, reason) for definition in match.fire)
        skipped = (*refused, *match.skipped)
        record = report_matches(stream, event, (), skipped, self._clock.now())
        await transact(self._stores.events, RECORD, stream, record.command, known=record.known)

    def _run_of(
        self, definition: Definition, parts: StreamParts, event: RecordReceived, now: int
    ) -> RequestRun:
        """Return the request of a run.

        The id of the record's stream identifies the source and the event, so the run's id is
        derived from it.
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
