"""Timers into steps: ends delays and backoffs when they are due, and attempts past their deadline.

Delays and backoffs that are near are heard of in the log and kept in memory, so that they are
punctual. The view of timers is looked through several times a second for all others and for what a
restart forgot. Whatever fires twice decides nothing the second time.
"""

import asyncio
import heapq
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, NamedTuple

from baton.domain.decider import Batch, batched
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import Command, DelayStarted, FireTimer, RetryScheduled, Token
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.graph_cache import GraphCache
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.timers.queries import TimerQueries
from baton.scheduler.interruptible_sleep import InterruptibleSleep
from baton.scheduler.metrics import Counters

POLL_MS: Final = 250
AHEAD_MS: Final = 2 * POLL_MS
"""How far a look into the view reaches beyond now, so that what it finds is punctual."""
NEAR_MS: Final = 60_000
MOST_NEAR: Final = 100_000
"""Timers kept in memory; the view has them all."""
GRACE_MS: Final = 1_000
"""An executor ends its own attempts at their deadline; for this long it may still do so."""
PAGE: Final = 1_000
RUNS_AT_ONCE: Final = 500
TIMERS_AN_APPEND: Final = 500
FIRED_REST_MS: Final = 2_000
"""How long the view may go on showing a timer that has fired."""
FAILED_REST_MS: Final = 5_000

FOLLOWED_EVENTS: Final[frozenset[type]] = frozenset((DelayStarted, RetryScheduled))
"""What it looks at in the log."""

_TIMERS: Final = batched(RUN)

_log = logging.getLogger(__name__)


class Timer(NamedTuple):
    """Names one timer of one attempt."""

    stream: str
    step_id: str
    visit: int
    attempt: int
    kind: Literal["delay", "backoff", "deadline"]


@dataclass(slots=True)
class _Resting:
    """Timers that fired or failed a moment ago, and until when they are left alone."""

    until: dict[Timer, int] = field(default_factory=dict)

    def holds(self, timer: Timer, now: int) -> bool:
        # A clock that was put back must not prolong the rest.
        return 0 < self.until.get(timer, 0) - now <= FAILED_REST_MS

    def forget_past(self, now: int) -> None:
        self.until = {timer: at for timer, at in self.until.items() if self.holds(timer, now)}


class TimerFirer:
    """The timers of all runs: `observe` what the log says, `run`, and in the end `finish`."""

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        rng: Random,
        counters: Counters | None = None,
    ) -> None:
        self._store = stores.events
        self._timer_queries = TimerQueries(stores.views)
        self._step_queries = RunStepQueries(stores.views)
        self._clock = clock
        self._rng = rng
        self._counters = counters or Counters()
        self._graphs = GraphCache(stores.events)
        self._sleep = InterruptibleSleep(clock)
        self._heap: list[tuple[int, Timer]] = []
        self._near: set[Timer] = set()
        self._resting = _Resting()
        self._due: dict[str, list[Timer]] = {}  # by run; a run with an entry has a task
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(RUNS_AT_ONCE)
        self._wake_at = 0

    def observe(self, batch: Sequence[Recorded]) -> None:
        """Take in events of the log: near delays and backoffs are kept."""
        for recorded in batch:
            event = recorded.event
            if type(event) is DelayStarted:
                timer = Timer(recorded.stream, event.step_id, event.visit, 1, "delay")
                self._expect(event.resume_at, timer)
            elif type(event) is RetryScheduled and event.due_at > event.at:
                of = (event.step_id, event.visit, event.attempt)
                self._expect(event.due_at, Timer(recorded.stream, *of, "backoff"))

    async def run(self) -> None:
        """Fire what is due, until cancelled; what is being fired then goes on (see `finish`)."""
        poll_at = 0
        while True:
            now = self._clock.now()
            if not 0 < poll_at - now <= POLL_MS:
                await self._poll(now)
                poll_at = self._clock.now() + POLL_MS
            await self.fire_due()
            self._wake_at = min(poll_at, self._heap[0][0]) if self._heap else poll_at
            await self._sleep.sleep(max(0, min(POLL_MS, self._wake_at - self._clock.now())))

    async def finish(self, *, grace_s: float) -> None:
        """Give what is being fired `grace_s` to end; the view brings back what is cut off."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=grace_s)
        rest = tuple(self._tasks)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def fire_due(self) -> None:
        """Begin to fire what is known to be due; waits while too many runs are being served."""
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            _, timer = heapq.heappop(self._heap)
            self._near.discard(timer)
            self._resting.until[timer] = now + FIRED_REST_MS
            waiting = self._due.get(timer.stream)
            if waiting is not None:
                waiting.append(timer)
                continue
            self._due[timer.stream] = [timer]
            await self._room.acquire()
            task = asyncio.create_task(self._serve(timer.stream))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _expect(self, due_at: int, timer: Timer) -> None:
        now = self._clock.now()
        if due_at - now > NEAR_MS or len(self._heap) >= MOST_NEAR:
            return
        if timer in self._near or self._resting.holds(timer, now):
            return
        self._near.add(timer)
        heapq.heappush(self._heap, (due_at, timer))
        if due_at < self._wake_at:
            self._sleep.interrupt()

    async def _poll(self, now: int) -> None:
        """Look into the view; what rests there needlessly must not hide the others."""
        self._resting.forget_past(now)
        limit = PAGE + len(self._resting.until)
        try:
            found = await self._timer_queries.due(now + AHEAD_MS, limit)
            overdue = await self._step_queries.overdue(now - GRACE_MS, limit)
        except Unavailable as error:
            _log.warning("the timers can't be read: %s", error)
            return
        for document in found:
            of = (document.step_id, document.visit, document.attempt)
            stream = stream_name(document.tenant, RUN.name, document.run_id)
            self._expect(document.due_at, Timer(stream, *of, document.kind))
        for attempt in overdue:
            of = (attempt.step_id, attempt.visit, attempt.attempt)
            stream = stream_name(attempt.tenant, RUN.name, attempt.run_id)
            self._expect(now, Timer(stream, *of, "deadline"))

    async def _serve(self, stream: str) -> None:
        """Fire the timers of one run, those that become due meanwhile included."""
        try:
            while timers := self._due[stream][:TIMERS_AN_APPEND]:
                del self._due[stream][: len(timers)]
                if not await self._attempt(stream, timers):
                    until = self._clock.now() + FAILED_REST_MS
                    self._resting.until.update((timer, until) for timer in timers)
        finally:
            del self._due[stream]
            self._room.release()

    async def _attempt(self, stream: str, timers: Sequence[Timer]) -> bool:
        """Fire; False when that failed: the view will bring the timers back."""
        try:
            await self._fire(stream, timers)
        except Unavailable as error:
            _log.warning("timers of %s wait for the store: %s", stream, error)
            return False
        except Exception:  # noqa: BLE001 - told, and no reason for others to wait
            _log.exception("timers of %s can't be fired", stream)
            return False
        return True

    async def _fire(self, stream: str, timers: Sequence[Timer]) -> None:
        known = await load(self._store, RUN, stream)
        run = known.state
        if not run.version or run.final:
            return
        graph = await self._graphs.of(run)
        commands: list[Command] = [
            FireTimer(
                token=Token(step_id=timer.step_id, visit=timer.visit, attempt=timer.attempt),
                graph=graph,
                at=self._clock.now(),
                jitter=self._rng.random(),
            )
            for timer in timers
        ]
        outcome = await transact(self._store, _TIMERS, stream, Batch(commands), known=known)
        self._counters.timers_fired += len(timers) if outcome.changed else 0
