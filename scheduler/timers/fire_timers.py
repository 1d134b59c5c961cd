"""Fires timers: ends delays, backoffs, waits for sync points, and attempts past their deadline.

Timers that are due soon, except deadlines, are observed in the log and kept in memory, so that they
fire on time. The views of timers and steps are polled for all others, and after a restart. Firing a
timer twice decides nothing the second time.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, Literal, NamedTuple

from baton.domain.artifact import Values
from baton.domain.decider import Batch, batched
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import Command
from baton.domain.run.messages.commands import FireTimer
from baton.domain.run.messages.step_events import (
    DelayStarted,
    RetryScheduled,
    SyncAwaited,
    TimerSet,
)
from baton.domain.run.outcome import Token
from baton.domain.run.state import State as Run
from baton.domain.run.steps import NO_ATTEMPT
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.graph_cache import GraphCache
from baton.eventlog.loops.load import load
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.loops.transact import CommandResult, transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.run_values import RunValues
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.timers.queries import TimerQueries
from baton.scheduler.due_queue import DueQueue
from baton.scheduler.metrics import Counters

POLL_MS: Final = 250
"""The interval between reads of the views, in ms."""
LOOKAHEAD_MS: Final = 2 * POLL_MS
"""The time by which a read of the view of timers looks ahead, so that they fire on time, in ms."""
FOREVER_MS: Final = 2**62
"""A time after every due time."""
NEAR_MS: Final = 60_000
"""The default time within which a timer of the log is kept in memory, in ms."""
MAX_IN_MEMORY: Final = 100_000
"""The number of timers kept in memory; the view holds all of them."""
DEADLINE_GRACE_MS: Final = 1_000
"""The time past the deadline of an attempt in which its executor may still end it, in ms."""
PAGE_SIZE: Final = 1_000
"""The number of timers that one read of a view returns."""
CONCURRENT_RUNS: Final = 500
"""The number of runs whose timers fire at the same time."""
TIMERS_PER_APPEND: Final = 500
FIRED_COOLDOWN_MS: Final = 2_000
"""The time for which a fired timer is ignored, because the view may still show it, in ms."""
FAILED_COOLDOWN_MS: Final = 5_000
"""The time for which a timer is ignored after it failed to fire, in ms."""

FOLLOWED_EVENTS: Final[frozenset[type]] = frozenset(
    (DelayStarted, RetryScheduled, SyncAwaited, TimerSet)
)
"""The event classes that set a timer."""

_TIMERS: Final = batched(RUN)

_log = logging.getLogger(__name__)

OVERDUE_MS: Final = 1_000
"""The time after which a timer that hasn't fired is overdue."""


class Timer(NamedTuple):
    """Identifies one timer of one attempt."""

    stream: str
    step_id: str
    visit: int
    attempt: int
    kind: Literal["delay", "backoff", "sync", "deadline"]


@dataclass(slots=True)
class _Cooldown:
    """Timers that recently fired or failed, with the time until which they are ignored."""

    until: dict[Timer, int] = field(default_factory=dict)

    def holds(self, timer: Timer, now: int) -> bool:
        # The upper bound prevents a clock that was set back from prolonging the cooldown.
        return 0 < self.until.get(timer, 0) - now <= FAILED_COOLDOWN_MS

    def remove_expired(self, now: int) -> None:
        self.until = {timer: at for timer, at in self.until.items() if self.holds(timer, now)}


class TimerFirer:
    """Fires the timers of all runs: `observe` the log, `run`, and at the end `finish`.

    Args:
        stores: Holds the runs and the views of their timers.
        clock: Decides which timers are due.
        rng: Draws the jitter of backoffs.
        counters: Counts the fired timers.
        call_wait_ms: The time that a call may wait for a slot before its timeout counts; an
            executor that died is given this time too.
        near_ms: A timer of the log is kept in memory if it is due within this time. If it is
            infinite, so are all timers of the view: then the next due time is always known.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        rng: Random,
        counters: Counters | None = None,
        call_wait_ms: int = 0,
        near_ms: float = NEAR_MS,
    ) -> None:
        self._near_ms = near_ms
        self._reads_all = math.isinf(near_ms)  # until the view has no further timer
        self._deadline_grace_ms = DEADLINE_GRACE_MS + call_wait_ms
        self._store = stores.events
        self._values = RunValues(stores.artifacts)
        self._timer_queries = TimerQueries(stores.views)
        self._step_queries = RunStepQueries(stores.views)
        self._clock = clock
        self._rng = rng
        self._counters = counters or Counters()
        self._graphs = GraphCache(stores.events)
        self._due: DueQueue[Timer] = DueQueue(clock)
        self._cooldown = _Cooldown()
        self._pending: dict[str, list[Timer]] = {}  # by run; each run with an entry has a task
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(CONCURRENT_RUNS)

    @property
    def overdue(self) -> int:
        """The number of timers in memory that should have fired more than a second ago."""
        return self._due.overdue(OVERDUE_MS)

    def observe(self, batch: Sequence[Recorded]) -> None:
        """Keep timers that events of the log set and that are due soon."""
        for recorded in batch:
            event = recorded.event
            if type(event) is DelayStarted:
                timer = Timer(recorded.stream, event.step_id, event.visit, 1, "delay")
                self._keep(event.resume_at, timer)
            elif type(event) is RetryScheduled and event.due_at > event.at:
                of = (event.step_id, event.visit, event.attempt)
                self._keep(event.due_at, Timer(recorded.stream, *of, "backoff"))
            elif type(event) is SyncAwaited:
                timer = Timer(recorded.stream, event.step_id, event.visit, NO_ATTEMPT, "sync")
                self._keep(event.deadline_at, timer)
            elif type(event) is TimerSet:
                of = (event.step_id, event.visit, event.attempt)
                set_again = Timer(recorded.stream, *of, event.kind)
                # It may have become due, without effect, while the run was paused.
                self._cooldown.until.pop(set_again, None)
                self._keep(event.due_at, set_again)

    async def run(self) -> None:
        """Fire due timers until cancelled; `finish` then ends the firing in progress."""
        poll_at = 0
        while True:
            now = self._clock.now()
            if not 0 < poll_at - now <= POLL_MS:
                await self._poll(now)
                poll_at = self._clock.now() + POLL_MS
            await self.fire_due()
            await self._due.wait(max(0, min(POLL_MS, poll_at - self._clock.now())))

    async def finish(self, *, grace_s: float) -> None:
        """Wait up to `grace_s` for the firing in progress, then cancel the rest.

        The view shows the timers of cancelled work to the next scheduler.
        """
        await stop_tasks(self._tasks, grace_s=grace_s)

    async def fire_due(self) -> None:
        """Start to fire the due timers in memory; waits while too many runs are in progress."""
        for timer in self._due.pop_due():
            self._cooldown.until[timer] = self._clock.now() + FIRED_COOLDOWN_MS
            pending = self._pending.get(timer.stream)
            if pending is not None:
                pending.append(timer)
                continue
            self._pending[timer.stream] = [timer]
            await self._slots.acquire()
            task = asyncio.create_task(self._process(timer.stream))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _keep(self, due_at: int, timer: Timer) -> None:
        now = self._clock.now()
        if due_at - now > self._near_ms or len(self._due) >= MAX_IN_MEMORY:
            return
        if not self._cooldown.holds(timer, now):
            self._due.put(timer, due_at)

    async def _poll(self, now: int) -> None:
        """Read due timers from the views.

        The page has extra entries for the timers in cooldown, which would otherwise hide others.
        """
        self._cooldown.remove_expired(now)
        limit = PAGE_SIZE + len(self._cooldown.until)
        try:
            until = FOREVER_MS if self._reads_all else now + LOOKAHEAD_MS
            timers = await self._timer_queries.due(until, limit)
            overdue = await self._step_queries.overdue(now - self._deadline_grace_ms, limit)
        except Unavailable as error:
            _log.warning("the timers can't be read: %s", error)
            return
        for document in timers:
            of = (document.step_id, document.visit, document.attempt)
            stream = stream_name(document.tenant, RUN.name, document.run_id)
            self._keep(document.due_at, Timer(stream, *of, document.kind))
        self._reads_all = self._reads_all and len(timers) >= limit
        for attempt in overdue:
            of = (attempt.step_id, attempt.visit, attempt.attempt)
            stream = stream_name(attempt.tenant, RUN.name, attempt.run_id)
            self._keep(now, Timer(stream, *of, "deadline"))

    async def _process(self, stream: str) -> None:
        """Fire the pending timers of one run, also timers that become due meanwhile."""
        try:
            while timers := self._pending[stream][:TIMERS_PER_APPEND]:
                del self._pending[stream][: len(timers)]
                if not await self._try_fire(stream, timers):
                    until = self._clock.now() + FAILED_COOLDOWN_MS
                    self._cooldown.until.update((timer, until) for timer in timers)
        finally:
            del self._pending[stream]
            self._slots.release()

    async def _try_fire(self, stream: str, timers: Sequence[Timer]) -> bool:
        """Fire timers of one run; on False the view shows them again after the cooldown."""
        try:
            await self._fire(stream, timers)
        except Unavailable as error:
            _log.warning("timers of %s: the store is unavailable: %s", stream, error)
            return False
        except Exception:  # noqa: BLE001 - logged; timers of other runs continue
            _log.exception("timers of %s can't fire", stream)
            return False
        return True

    async def _fire(self, stream: str, timers: Sequence[Timer]) -> None:
        loaded = await load(self._store, RUN, stream)
        run = loaded.state
        if not run.version or run.final:
            return
        graph = await self._graphs.get(run)
        commands = [
            FireTimer(
                token=Token(step_id=timer.step_id, visit=timer.visit, attempt=timer.attempt),
                graph=graph,
                at=self._clock.now(),
                jitter=self._rng.random(),
            )
            for timer in timers
        ]

        async def decide(values: Values) -> CommandResult[Run]:
            batch: Batch[Command] = Batch(
                [replace(command, values=values or None) for command in commands]
            )
            return await transact(self._store, _TIMERS, stream, batch, known=loaded)

        outcome = await self._values.decided(run.tenant, decide)
        self._counters.timers_fired += len(timers) if outcome.changed else 0
