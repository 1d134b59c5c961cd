"""Serves one run at a time: decides what was reported, appends it, performs what it started.

For each run at most one append is under way; reports that arrive meanwhile go into the next one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TypeVar, cast

from baton.domain.decider import Batch, batched
from baton.domain.definition.graph import Compute, Graph
from baton.domain.errors import StaleAttempt
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages import Outcome, ReportOutcome, StepStarted, TimedOut, Token
from baton.domain.run.state import State, evolve
from baton.eventlog.errors import Unavailable
from baton.eventlog.graph_cache import GraphCache
from baton.eventlog.loops.load import StreamState
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore
from baton.executor.functions.call import Call, FunctionCaller
from baton.executor.runs.deadlines import Deadlines
from baton.executor.runs.live_run import LiveRun

T = TypeVar("T")

_log = logging.getLogger("baton.executor")

_RETRY = RetryPolicy(factor=4)

_BATCHED = batched(DECIDER, skip=(StaleAttempt,))
"""The run's rules for several commands in one append; reports of ended attempts are skipped."""


@dataclass(slots=True)
class Counts:
    """What an executor did since it started."""

    runs_started: int = 0
    steps_performed: int = 0
    late_outcomes_refused: int = 0
    runs_taken_over: int = 0
    runs_lost_to_another: int = 0


@dataclass(slots=True, eq=False)
class RunLoop:
    """Moves runs on; `spawn` starts a supervised task, `evict` lets go of a run another one owns.

    `on_takeover` hears of a run that another executor took over.
    """

    store: EventStore
    functions: FunctionCaller
    clock: Clock
    rng: Random
    spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]]
    evict: Callable[[LiveRun], None]
    on_takeover: Callable[[LiveRun], None]
    counts: Counts = field(default_factory=Counts)
    graphs: GraphCache = field(init=False)
    _deadlines: Deadlines = field(default_factory=Deadlines)

    def __post_init__(self) -> None:
        self.graphs = GraphCache(self.store)

    async def advance(self, run: LiveRun, token: Token | None = None) -> None:
        """Perform `token`, decide what waits, and go on until this task has nothing left to do."""
        run.opening = False
        if run.abandoned:
            return
        if run.graph is None:
            run.graph = await self.load_graph(run)
        if token is None and not run.draining:
            token = await self._drain(run)
        while token is not None:
            outcome = await self._call(run, token)
            if outcome is None:
                return
            if run.abandoned:
                self.counts.late_outcomes_refused += 1
                return
            run.commands.append(
                ReportOutcome(token=token, outcome=outcome, graph=run.graph, at=self.clock.now())
            )
            token = None if run.draining else await self._drain(run)
        if run.state.final and run.idle:
            self.evict(run)

    async def resume(self, run: LiveRun) -> None:
        """Perform every attempt that is recorded as begun; for a run that was not kept here."""
        run.graph = await self.load_graph(run)
        run.opening = False
        started = self._unclaimed(run)
        run.claimed.update(started)
        for token in started:
            self.spawn(self.advance(run, token))

    def abandon(self, run: LiveRun) -> None:
        """Do nothing more for a run that another executor owns now; what it began is cut off."""
        run.abandoned = True
        self.counts.runs_lost_to_another += 1
        self._cancel_calls(run, set(run.in_flight))
        late = [one for one in run.commands if isinstance(one, ReportOutcome)]
        self.counts.late_outcomes_refused += len(late)
        run.commands.clear()
        run.external.clear()
        self.evict(run)

    async def load_graph(self, run: LiveRun) -> Graph:
        """Return the run's graph."""
        known = self.graphs.known(run.state)
        if known is not None:
            return known
        return await self.retry(lambda: self.graphs.of(run.state), run.stream)

    async def retry(self, act: Callable[[], Awaitable[T]], stream: str) -> T:
        """Repeat `act` until the store answers: no other event would move the run on."""
        return await retry(act, clock=self.clock, log=_log, doing=stream, policy=_RETRY)

    async def _drain(self, run: LiveRun) -> Token | None:
        """Append until nothing waits; return one step to perform, spawn the others."""
        run.draining = True
        kept: Token | None = None
        try:
            while run.commands or run.external:
                started: list[Token] = []
                if run.external:
                    started = self._fold_external(run)
                    run.claimed.update(started)
                if run.commands:
                    started += await self._append(run)
                    if run.abandoned:
                        return None
                    run.claimed.update(started)
                for token in started:
                    if kept is not None:
                        self.spawn(self.advance(run, kept))
                    kept = token
                if kept is not None and (run.commands or run.external):
                    self.spawn(self.advance(run, kept))
                    kept = None
        finally:
            run.draining = False
        return kept

    def _fold_external(self, run: LiveRun) -> list[Token]:
        """Fold what others appended; return the attempts that are therefore to be performed."""
        external, run.external = run.external, []
        before = run.state
        for recorded in external:
            if recorded.version == run.state.version + 1:
                run.state = evolve(run.state, recorded.event)  # type: ignore[arg-type]
        return [] if run.state is before else self._reconcile(run, before)

    async def _append(self, run: LiveRun) -> list[Token]:
        """Record what the waiting commands lead to; return the attempts it started."""
        commands, run.commands = run.commands, []
        batch = Batch(commands)
        known = StreamState(run.state, run.state.version)
        try:
            outcome = await transact(self.store, _BATCHED, run.stream, batch, known=known)
        except Unavailable:  # it may have happened all the same: look again
            again = partial(transact, self.store, _BATCHED, run.stream, batch)
            outcome = await self.retry(again, run.stream)
        self.counts.late_outcomes_refused += batch.skipped
        for command in commands:
            if isinstance(command, ReportOutcome):
                run.claimed.discard(command.token)
        before, run.state = run.state, outcome.state
        if run.external:  # the log may have shown what was just appended
            run.external = [one for one in run.external if one.version > run.state.version]
        began = [one.event for one in outcome.recorded if isinstance(one.event, StepStarted)]
        if outcome.reloaded:
            run.seen_version = run.state.version
            return self._reconcile(run, before, own=began)
        return [Token(event.step_id, event.visit, event.attempt) for event in began]

    def _reconcile(
        self, run: LiveRun, before: State, *, own: Sequence[StepStarted] = ()
    ) -> list[Token]:
        """Fit what is performed to what others recorded; leave a run that another one took over.

        `own` are attempts this executor has just recorded, behind everything else: a takeover among
        them makes it the newest owner, whoever took the run over before.
        """
        if not any(event.cause == "takeover" for event in own) and _taken_over(before, run.state):
            self.abandon(run)
            self.on_takeover(run)
            return []
        started = self._unclaimed(run)
        self._cancel_calls(
            run, {token for token in run.in_flight if not _is_running(run.state, token)}
        )
        return started

    def _unclaimed(self, run: LiveRun) -> list[Token]:
        running = (
            Token(step_id, step.visit, step.attempt)
            for step_id, step in run.state.steps.items()
            if step.status == "running"
        )
        return [token for token in running if token not in run.claimed]

    def _cancel_calls(self, run: LiveRun, tokens: set[Token]) -> None:
        for token in tokens:
            run.claimed.discard(token)
            run.in_flight.pop(token).cancel()

    async def _call(self, run: LiveRun, token: Token) -> Outcome | None:
        """Call the step's function within its deadline; None when it was cut off."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        run.in_flight[token] = task
        step = cast(Compute, cast(Graph, run.graph).by_id[token.step_id])
        due = self._deadlines.start(task, step.timeout_ms)
        self.counts.steps_performed += 1
        try:
            return await self.functions.call(self._build_call(run, token, step))
        except asyncio.CancelledError:
            return self._outcome_of_cancellation(run, token, task)
        finally:
            due.discard(task)
            run.in_flight.pop(token, None)

    def _outcome_of_cancellation(
        self, run: LiveRun, token: Token, task: asyncio.Task[None]
    ) -> Outcome | None:
        """Tell a deadline and a cut from the end of the process, which goes on being raised."""
        if self._deadlines.pop_expired(task):
            task.uncancel()
            return TimedOut(jitter=self.rng.random())
        if token not in run.in_flight:
            task.uncancel()
            return None
        raise asyncio.CancelledError

    def _build_call(self, run: LiveRun, token: Token, step: Compute) -> Call:
        state = run.state
        return Call(
            function=step.function,
            payload={
                "input": state.input,
                "context": state.context,
                "steps": state.outputs,
                "config": step.config,
            },
            run_id=state.run_id,
            step_id=token.step_id,
            visit=token.visit,
            attempt=token.attempt,
            tenant=state.tenant,
            deadline_at=state.steps[token.step_id].due_at,
            traceparent=state.traceparent,
        )


def _is_running(state: State, token: Token) -> bool:
    step = state.holds(token)
    return step is not None and step.status == "running"


def _taken_over(before: State, after: State) -> bool:
    """Whether a step was taken over in between."""
    for step_id, step in after.steps.items():
        known = before.steps.get(step_id)
        if step.takeovers > (known.takeovers if known else 0):
            return True
    return False
