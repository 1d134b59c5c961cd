"""Fires schedules: each tick of a timetable becomes one run, never early.

A tick and its run are one append at the expected version of the schedule's stream, so that only one
of two schedulers records it. A schedule's definition is read from the store before the schedule
fires, so that a schedule that has just been paused starts no run.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, TypeAlias, assert_never

from baton.domain.decider import Batch, batched
from baton.domain.definition.body_triggers import schedule_of
from baton.domain.definition.messages import (
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    VersionDisabled,
)
from baton.domain.ids import derived_id
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.state import State as Run
from baton.domain.schedule.decisions import DECIDER as SCHEDULE
from baton.domain.schedule.messages import (
    Fire,
    Miss,
    RecordTick,
    ScheduleCreated,
    ScheduleDeleted,
    Skip,
    TickOutcome,
)
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Recorded, Write
from baton.eventlog.loops.load import StreamState
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.run_values import RunValues
from baton.projector.open_runs import OpenRuns
from baton.projector.views.schedules.queries import ScheduleQueries
from baton.scheduler.due_queue import DueQueue
from baton.scheduler.metrics import Counters
from baton.scheduler.run_admission import DEFERRED_MS, TOO_MANY_RUNS, RunAdmission
from baton.scheduler.schedules.due_ticks import Policies, Tick, due_ticks, in_appends, next_tick
from baton.scheduler.schedules.schedule import Schedule, from_view

LONGEST_WAIT_MS: Final = 1_000
"""The longest delay of a tick when the wall clock is set forward during a wait, in ms."""
CONCURRENT_SCHEDULES: Final = 100
"""The number of schedules that fire at the same time."""
RETRY_MS: Final = 1_000
"""The delay before a schedule is retried after the store was unavailable, in ms."""
RETRY_BROKEN_MS: Final = 60_000
"""The delay before a schedule is retried after any other error, in ms."""

FOLLOWED_EVENTS: Final[frozenset[type]] = frozenset(
    (
        DefinitionCreated,
        DefinitionUpdated,
        VersionDisabled,
        DefinitionDeleted,
        ScheduleCreated,
        ScheduleDeleted,
    )
)
"""The event classes that may change when a schedule fires."""

_AT_ONCE: Final = 0
"""A due time that has passed on any clock."""
_TICKS: Final = batched(SCHEDULE)
_Key: TypeAlias = tuple[str, str]
"""Tenant and id."""

_log = logging.getLogger(__name__)


class ScheduleFirer:
    """Fires the schedules of all tenants: `load` them, `observe` the log, `run`.

    A tick of a tenant that has too many unfinished runs waits; the policy for missed ticks decides
    about ticks that become due meanwhile.

    Args:
        stores: Holds the schedules, the definitions and the runs.
        clock: Decides which ticks are due.
        policies: Default: `Policies()`.
        counters: Counts the fired ticks.
        open_runs: The limit on unfinished runs by tenant; None is no limit.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        policies: Policies | None = None,
        counters: Counters | None = None,
        open_runs: OpenRuns | None = None,
    ) -> None:
        self._store = stores.events
        self._values = RunValues(stores.artifacts)
        self._admission = RunAdmission(stores.views, open_runs)
        self._queries = ScheduleQueries(stores.views)
        self._clock = clock
        self._policies = policies or Policies()
        self._counters = counters or Counters()
        self._schedules: dict[_Key, Schedule] = {}
        self._of_definition: dict[_Key, set[_Key]] = {}
        self._due: DueQueue[_Key] = DueQueue(clock)

    async def load(self) -> None:
        """Load the active schedules from the view.

        The caller must pass every event after the view's checkpoint to `observe`.
        """
        async for document in self._queries.active():
            schedule = from_view(document)
            self._keep(schedule)
            anchor, last = document.anchor, document.last_nominal
            self._fire_at(schedule.key, next_tick(document.timetable, anchor=anchor, last=last))

    def observe(self, batch: Sequence[Recorded]) -> None:
        """Mark schedules changed by events of the log as due, so that `run` refreshes them."""
        for recorded in batch:
            if type(recorded.event) in FOLLOWED_EVENTS:
                for key in self._changed_by(recorded):
                    self._due.put(key, _AT_ONCE)

    async def run(self) -> None:
        """Fire due ticks until cancelled."""
        while True:
            await self.fire_due()
            await self._due.wait(LONGEST_WAIT_MS)

    async def fire_due(self) -> int | None:
        """Fire every tick that is due now; return the due time of the next one."""
        keys = list(self._due.pop_due())
        for start in range(0, len(keys), CONCURRENT_SCHEDULES):
            await asyncio.gather(*map(self._process, keys[start : start + CONCURRENT_SCHEDULES]))
        return self._due.next_due()

    def _changed_by(self, recorded: Recorded) -> set[_Key]:
        tenant, _, ident = stream_parts(recorded.stream)
        key, event = (tenant, ident), recorded.event
        changed = set(self._of_definition.get(key, ()))
        match event:
            case DefinitionCreated() | DefinitionUpdated() | VersionDisabled():
                if schedule_of(event.body) is not None:
                    changed.add(key)
            case ScheduleCreated() | ScheduleDeleted():
                changed.add(key)
            case _:
                pass
        return changed

    def _fire_at(self, key: _Key, due_at: int | None) -> None:
        if due_at is not None:
            self._due.put(key, due_at)

    async def _process(self, key: _Key) -> None:
        """Refresh one schedule and fire its due ticks; an error only delays this schedule."""
        try:
            if await self._waits(key):
                self._fire_at(key, self._clock.now() + DEFERRED_MS)
                return
            schedule = await self._refreshed(key)
            self._fire_at(key, await self._fire(schedule))
        except Unavailable as error:
            _log.warning("schedule %s: the store is unavailable: %s", key[1], error)
            self._fire_at(key, self._clock.now() + RETRY_MS)
        except Exception:  # noqa: BLE001 - logged; other schedules continue
            _log.exception("schedule %s can't fire", key[1])
            self._fire_at(key, self._clock.now() + RETRY_BROKEN_MS)

    async def _waits(self, key: _Key) -> bool:
        """Return whether a deferred schedule must keep waiting, without reading its streams."""
        schedule = self._schedules.get(key)
        if schedule is None or not schedule.deferred:
            return False
        return not await self._admission.admit(schedule.tenant, 0)

    async def _refreshed(self, key: _Key) -> Schedule:
        schedule = self._schedules.get(key)
        if schedule is None:
            document = await self._queries.get(*key)
            schedule = from_view(document) if document else Schedule(*key)
        await schedule.refresh(self._store)
        if schedule.evictable:
            self._evict(schedule)
        else:
            self._keep(schedule)
        return schedule

    def _keep(self, schedule: Schedule) -> None:
        self._schedules[schedule.key] = schedule
        self._of_definition.setdefault(schedule.definition_key, set()).add(schedule.key)

    def _evict(self, schedule: Schedule) -> None:
        self._schedules.pop(schedule.key, None)
        siblings = self._of_definition.get(schedule.definition_key, set())
        siblings.discard(schedule.key)
        if not siblings:
            self._of_definition.pop(schedule.definition_key, None)

    async def _fire(self, schedule: Schedule) -> int | None:
        """Record every due tick; return the due time of the next one."""
        timing = schedule.timing()
        if timing is None:
            return None
        timetable, anchor = timing
        now, last = self._clock.now(), schedule.ticks.state.last_nominal
        policy = schedule.policies(self._policies).missed
        due = due_ticks(timetable, anchor=anchor, last=last, now=now, policy=policy)
        for ticks in in_appends(due):
            if ticks[-1].missed is None and not await self._admit(schedule):
                return now + DEFERRED_MS
            if not await self._record(schedule, ticks, now):
                return now
        schedule.deferred = False
        return next_tick(timetable, anchor=anchor, last=schedule.ticks.state.last_nominal)

    async def _admit(self, schedule: Schedule) -> bool:
        """Return whether the tenant may start one more run; else the schedule is deferred."""
        if await self._admission.admit(schedule.tenant):
            return True
        if not schedule.deferred:
            schedule.deferred = True
            self._counters.starts_deferred += 1
            message = "schedule %s waits: tenant %s has too many unfinished runs"
            _log.warning(message, schedule.ident, schedule.tenant)
        return False

    async def _record(self, schedule: Schedule, ticks: Sequence[Tick], now: int) -> bool:
        """Append the ticks, and the run of the last one if it fires.

        Returns False when another writer changed the schedule's stream: the schedule must be
        refreshed before anything else is decided.
        """
        outcomes = [await self._outcome(schedule, tick) for tick in ticks]
        commands = [
            RecordTick(nominal_at=tick.nominal_at, outcome=outcome, at=now)
            for tick, outcome in zip(ticks, outcomes, strict=True)
        ]
        known = schedule.ticks
        events, state = _TICKS.apply(Batch(commands), known.state)
        recording = Write(stream=schedule.stream, expected=known.version, events=events)
        run = await self._run_of(schedule, ticks[-1], outcomes[-1], now)
        result = await self._store.append([recording, *run])
        if not isinstance(result, Appended) and result.stream != schedule.stream:
            result = await self._store.append([recording])  # the run exists already
        if not isinstance(result, Appended):
            return False
        schedule.ticks = StreamState(state, known.version + len(events))
        for outcome in outcomes:
            self._count(schedule, outcome)
        return True

    async def _run_of(
        self, schedule: Schedule, tick: Tick, outcome: TickOutcome, now: int
    ) -> list[Write]:
        """Return the write of the run that the tick starts, if it fires."""
        if not isinstance(outcome, Fire):
            return []
        request = await self._values.store_request(
            schedule.request(tick.nominal_at, outcome.run_id, now)
        )
        stream = stream_name(schedule.tenant, RUN.name, outcome.run_id)
        return [Write(stream=stream, expected=0, events=RUN.decide(request, Run()))]

    async def _outcome(self, schedule: Schedule, tick: Tick) -> TickOutcome:
        if tick.missed is not None:
            return Miss(TOO_MANY_RUNS) if schedule.deferred else tick.missed
        overlap = schedule.policies(self._policies).overlap
        if overlap == "skip" and await schedule.run_is_active(self._store):
            return Skip(f"run {schedule.last_run} of an earlier tick is still active")
        return Fire(derived_id(schedule.ident, str(tick.nominal_at)))

    def _count(self, schedule: Schedule, outcome: TickOutcome) -> None:
        match outcome:
            case Fire():
                schedule.last_run = outcome.run_id
                self._counters.ticks_fired += 1
            case Miss():
                self._counters.ticks_missed += 1
            case Skip():
                self._counters.ticks_skipped += 1
            case _:
                assert_never(outcome)
