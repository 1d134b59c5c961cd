"""Advances runs: decides reported outcomes, appends events, and performs the started attempts.

Three objects share the work on a run. `Executor` owns the cache of live runs and the tasks, follows
the log and passes runs in: `start`, `take_over`, `resume`, `observe`, `abandon`. Only `RunLoop`
reads and appends to the streams of runs. Only `AttemptRunner` calls functions. `RunLoop` calls the
executor back in three cases: `spawn`, `evict`, `on_takeover`.

For each run at most one append is in flight; outcomes that arrive meanwhile go into the next one.
When an append starts the next attempt, it is performed at once, without waiting for the log.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias, TypeVar, cast

from baton.domain.artifact import ValuesNeeded
from baton.domain.decider import Batch, batched
from baton.domain.definition.graph import Graph
from baton.domain.errors import StaleAttempt
from baton.domain.run.decisions import DECIDER
from baton.domain.run.fold import evolve
from baton.domain.run.hold import BY_SERVER
from baton.domain.run.messages import Command
from baton.domain.run.messages.commands import (
    PauseRun,
    ReportOutcome,
    ResumeRun,
    StartRun,
    TakeOver,
)
from baton.domain.run.messages.step_events import StepStarted
from baton.domain.run.outcome import Outcome, Token
from baton.domain.run.size_limit import MAX_RUN_BYTES
from baton.domain.run.state import State
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.graph_cache import GraphCache
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.loops.transact import CommandResult, transact
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.partitions import OwnsStream
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.run_values import RunValues
from baton.executor.runs.attempt_runner import AttemptRunner
from baton.executor.runs.counts import Counts
from baton.executor.runs.handover import (
    includes_takeover,
    log_lost_attempts,
    release_attempts,
    was_taken_over,
)
from baton.executor.runs.live_run import ABANDONED, DRAINING, NEW, WAITING, LiveRun
from baton.executor.runs.needed_values import with_values_needed

T = TypeVar("T")
Spawn: TypeAlias = Callable[[Coroutine[None, None, None]], object]

_RETRY: Final = RetryPolicy(factor=4)
_BATCHED: Final = batched(DECIDER, skip=(StaleAttempt,))
"""Decides several commands in one append and skips late outcomes, which makes a fan-in cheap."""

_log = logging.getLogger("baton.executor")


@dataclass(slots=True, eq=False, kw_only=True)
class RunLoop:
    """Advances live runs, on the event loop only.

    Args:
        store: Holds the streams of runs and definitions. While it is unavailable, runs wait for it.
        attempts: Calls the functions of attempts.
        clock: Times the commands and the retries.
        counts: Gets what was done.
        spawn: Called with a coroutine; starts it in a task that the executor supervises.
        evict: Called with a run that has finished or was abandoned; removes it from the cache.
        on_takeover: Called with a run that another executor took over, after it was abandoned.
        owns: Called with a stream; returns whether this executor continues its released attempts.
        held: Returns whether the server is held: a run whose step ends then is paused.
        values: The large values of runs.
        max_run_bytes: Bytes of JSON that the data of one run may take; 0 is no limit.
    """

    store: EventStore
    attempts: AttemptRunner
    clock: Clock
    counts: Counts
    spawn: Spawn
    evict: Callable[[LiveRun], None]
    on_takeover: Callable[[LiveRun], None]
    owns: OwnsStream
    held: Callable[[], bool]
    values: RunValues
    max_run_bytes: int = MAX_RUN_BYTES
    _graphs: GraphCache = field(init=False)

    def __post_init__(self) -> None:
        self._graphs = GraphCache(self.store)
        self.attempts.report_timeout = self._report

    async def load(self, stream: str) -> State:
        """Return the state of a run's stream, the initial one if it has no events."""
        read = partial(load, self.store, DECIDER, stream)
        return (await self._retry(read, f"reading {stream}")).state

    async def start(self, run: LiveRun) -> None:
        """Start a run that so far was only requested, and advance it."""
        self.counts.runs_started += 1
        graph = await self._open(run)
        run.commands.append(StartRun(graph=graph, at=self.clock.now()))
        await self._advance(run)

    async def take_over(self, run: LiveRun) -> None:
        """Continue a run of another executor; new attempts replace the running ones."""
        if run.state.status == "pending":
            await self.start(run)
            return
        self.counts.runs_taken_over += 1
        log_lost_attempts(run)
        graph = await self._open(run)
        run.commands.append(TakeOver(graph=graph, at=self.clock.now()))
        if not self.held():
            run.commands.append(ResumeRun(graph=graph, actor=BY_SERVER, at=self.clock.now()))
        await self._advance(run)

    async def resume_after_hold(self, run: LiveRun) -> None:
        """Resume a run that the hold on the server has paused; leave any other run unchanged."""
        graph = await self._open(run)
        run.commands.append(ResumeRun(graph=graph, actor=BY_SERVER, at=self.clock.now()))
        await self._advance(run)

    async def resume(self, run: LiveRun) -> None:
        """Perform every running attempt of a run that was evicted and loaded again."""
        await self._open(run)
        for token in run.claim_running():
            self.spawn(self._advance(run, token))

    def observe(self, run: LiveRun, recorded: Recorded) -> None:
        """Process an event that the log delivered: an echo of an own append, or an external one."""
        if recorded.version <= run.state.version:
            self.observe_echo(run, recorded.version)
            return
        run.seen_version = recorded.version
        run.external.append(recorded)
        if run.phase is not DRAINING:
            self.spawn(self._advance(run))

    def observe_echo(self, run: LiveRun, version: int) -> None:
        """Process an event that is already folded; evict a finished run after its last echo."""
        run.seen_version = max(run.seen_version, version)
        if run.state.final and run.idle:
            self.evict(run)

    def abandon(self, run: LiveRun) -> None:
        """Cancel the running attempts and evict the run, because another executor owns it."""
        run.phase = ABANDONED
        self.counts.runs_lost_to_another += 1
        self.attempts.cancel(run, tuple(run.in_flight))
        late = [command for command in run.commands if isinstance(command, ReportOutcome)]
        self.counts.late_outcomes_refused += len(late)
        run.commands.clear()
        run.external.clear()
        self.evict(run)

    def release(self, run: LiveRun) -> Coroutine[None, None, None] | None:
        """Abandon the run; return the append that releases its running attempts, if there are any.

        The next owner continues released attempts at once.
        """
        tokens = tuple(sorted(filter(run.is_running, run.claimed)))
        self.abandon(run)
        return release_attempts(self.store, run, tokens, self.clock.now()) if tokens else None

    async def _open(self, run: LiveRun) -> Graph:
        """Load the graph of a run that has none yet, and allow the run to advance."""
        graph = run.graph or self._graphs.cached(run.state)
        if graph is None:
            reading = f"reading the definition of {run.stream}"
            graph = await self._retry(lambda: self._graphs.get(run.state), reading)
        run.graph = graph
        if run.phase is NEW:
            run.phase = WAITING
        return graph

    async def _advance(self, run: LiveRun, token: Token | None = None) -> None:
        """Perform `token`, append queued commands, and repeat until this task has nothing to do."""
        if run.phase is NEW:
            await self._open(run)
        if run.phase is ABANDONED:
            return
        if token is None and run.phase is not DRAINING:
            token = await self._drain(run)
        while token is not None:
            outcome = await self.attempts.perform(run, token)
            if outcome is None:
                return
            if run.phase is ABANDONED:
                self.counts.late_outcomes_refused += 1
                return
            self._queue_outcome(run, token, outcome)
            token = None if run.phase is DRAINING else await self._drain(run)
        if run.state.final and run.idle:
            self.evict(run)

    def _queue_outcome(self, run: LiveRun, token: Token, outcome: Outcome) -> None:
        graph = cast(Graph, run.graph)
        at, limit = self.clock.now(), self.max_run_bytes
        run.commands.append(
            ReportOutcome(token=token, outcome=outcome, graph=graph, at=at, max_run_bytes=limit)
        )

    def _report(self, run: LiveRun, token: Token, outcome: Outcome) -> None:
        """Report the outcome of an attempt whose function was left running."""
        self._queue_outcome(run, token, outcome)
        if run.phase is not DRAINING:
            self.spawn(self._advance(run))

    async def _drain(self, run: LiveRun) -> Token | None:
        """Append until the queues are empty; return one attempt to perform, spawn the others."""
        run.phase = DRAINING
        next_token: Token | None = None
        try:
            while run.commands or run.external:
                started = self._fold_external(run) if run.external else []
                if run.commands:
                    started += await self._append(run)
                    if run.phase is ABANDONED:
                        return None
                for token in started:
                    if next_token is not None:
                        self.spawn(self._advance(run, next_token))
                    next_token = token
                if next_token is not None and (run.commands or run.external):
                    self.spawn(self._advance(run, next_token))
                    next_token = None
        finally:
            if run.phase is DRAINING:
                run.phase = WAITING
        return next_token

    def _fold_external(self, run: LiveRun) -> list[Token]:
        """Fold the events of other processes; return the attempts to perform."""
        external, run.external = run.external, []
        before = run.state
        for recorded in external:
            if recorded.version == run.state.version + 1:
                run.state = evolve(run.state, recorded.event)
        return [] if run.state is before else self._reconcile(run, before)

    async def _append(self, run: LiveRun) -> list[Token]:
        """Append the events of the queued commands; return the attempts that they start."""
        commands, run.commands = run.commands, []
        if self.held():
            commands.insert(0, PauseRun(actor=BY_SERVER, at=self.clock.now()))
        batch: Batch[Command] = Batch(commands)
        known = StreamState(run.state, run.state.version)
        try:
            result = await transact(self.store, _BATCHED, run.stream, batch, known=known)
        except (Unavailable, ValuesNeeded):
            # The store may have committed before it became unavailable: decide on its state.
            result = await self._transact_again(run, batch)
        self.counts.late_outcomes_refused += batch.skipped
        for command in commands:
            if isinstance(command, ReportOutcome):
                run.claimed.discard(command.token)
        return self._apply(run, result)

    def _apply(self, run: LiveRun, result: CommandResult[State]) -> list[Token]:
        """Apply the result of an append to the live run; return the attempts to perform."""
        before, run.state = run.state, result.state
        if run.external:  # the log may have delivered the append before it was acknowledged
            run.external = [
                recorded for recorded in run.external if recorded.version > run.state.version
            ]
        if result.reloaded:
            run.seen_version = run.state.version
            return self._reconcile(run, before, own=result.recorded)
        started = [
            recorded.event
            for recorded in result.recorded
            if isinstance(recorded.event, StepStarted)
        ]
        tokens = [Token(event.step_id, event.visit, event.attempt) for event in started]
        run.claimed.update(tokens)
        return tokens

    async def _transact_again(self, run: LiveRun, batch: Batch[Command]) -> CommandResult[State]:
        """Append on the stored state, with the large values that the decisions need."""
        append = partial(transact, self.store, _BATCHED, run.stream, batch)
        decided = partial(with_values_needed, batch, append, self.values, run.state.tenant)
        return await self._retry(decided, f"appending to {run.stream}")

    async def _retry(self, action: Callable[[], Awaitable[T]], doing: str) -> T:
        """Repeat `action` until the store is available; nothing else would advance the run."""
        return await retry(action, clock=self.clock, log=_log, doing=doing, policy=_RETRY)

    def _reconcile(
        self, run: LiveRun, before: State, *, own: Sequence[Recorded] = ()
    ) -> list[Token]:
        """Cancel and claim attempts after external events; abandon a run that was taken over.

        `own` are the events that this executor appended last. With a takeover among them, this
        executor is the newest owner.
        """
        if not includes_takeover(own) and was_taken_over(before, run.state):
            self.abandon(run)
            self.on_takeover(run)
            return []
        released = any(step.status == "released" for step in run.state.steps.values())
        if released and self.owns(run.stream):
            graph, at = cast(Graph, run.graph), self.clock.now()
            run.commands.append(TakeOver(graph=graph, at=at, lost=False))
        started = run.claim_running()
        ended = [token for token in run.in_flight if not run.is_running(token)]
        self.attempts.cancel(run, ended)
        return started
