"""The executor: follows the run events of the log and performs the steps of the runs it owns.

`Executor` owns the cache of live runs, the backlog of requested runs and all tasks. It passes runs
to the `RunLoop`, and only the `RunLoop` reads and appends events. Ownership avoids duplicate work
but doesn't protect a run: the expected version of each append fences off a former owner.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages.run_events import RunBranched, RunRequested
from baton.domain.run.messages.step_events import StepCopied
from baton.domain.run.outcome import Token
from baton.domain.run.size_limit import MAX_RUN_BYTES
from baton.domain.stream import stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.partitions import OwnsStream
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.run_values import RunValues
from baton.executor.backlog import Backlog
from baton.executor.functions.call import FunctionCaller
from baton.executor.functions.large_values import LargeValues
from baton.executor.runs.attempt_logs import AttemptLogs
from baton.executor.runs.attempt_runner import AttemptRunner
from baton.executor.runs.counts import Counts
from baton.executor.runs.live_run import LiveRun
from baton.executor.runs.live_runs import LiveRuns
from baton.executor.runs.run_loader import RunLoader
from baton.executor.runs.run_loop import RunLoop
from baton.executor.runs.takeover_watch import TakeoverWatch

CANCEL_S: Final = 1.0
"""The time that a cancelled task may take to end when the executor stops, in seconds."""
RELEASE_S: Final = 2.0
"""The time within which the attempts of abandoned runs are released, in seconds."""

_log = logging.getLogger("baton.executor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one executor.

    Args:
        tasks: Number of running tasks from which on requested runs wait in the backlog.
        live_runs: Number of runs in memory from which on idle runs are evicted.
        run_bytes: Bytes of JSON that the data of one run may take; 0 means no limit.
        tenant_weights: Waiting runs per turn by tenant; other tenants have the weight 1.
    """

    tasks: int = 4_000
    live_runs: int = 10_000
    run_bytes: int = MAX_RUN_BYTES
    tenant_weights: Mapping[str, int] = field(default_factory=dict)


class Executor:
    """Performs the steps of runs.

    Args:
        store: Holds the streams of runs and definitions.
        functions: Calls the function that a compute step names. The caller closes it.
        clock: Times commands, retries and the watch over contested runs.
        rng: Draws the jitter of backoffs.
        hold: The hold on the server, during which nothing starts.
        values: The large values of runs.
        limits: Default: `Limits()`.
        logs: Keeps the log lines of functions; None keeps none.
    """

    def __init__(
        self,
        store: EventStore,
        functions: FunctionCaller,
        *,
        clock: Clock,
        rng: Random,
        hold: ServerHold,
        values: RunValues,
        limits: Limits | None = None,
        logs: AttemptLogs | None = None,
    ) -> None:
        self.counts = Counts()
        self._hold = hold
        self._clock = clock
        self._limits = limits or Limits()
        self._runs = LiveRuns(self._limits.live_runs)
        self._backlog = Backlog(
            self._start,
            self._is_full,
            tasks=self._limits.tasks,
            weights=self._limits.tenant_weights,
            held=lambda: self.held,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._loader = RunLoader(self._load_and_resume, self._spawn)
        self._takeover_watch = TakeoverWatch(clock, self._take_over_again)
        self._logs = logs
        self._attempts = AttemptRunner(
            LargeValues(functions, values, clock=clock), rng, self.counts, logs
        )
        self._loop = RunLoop(
            store=store,
            values=values,
            max_run_bytes=self._limits.run_bytes,
            attempts=self._attempts,
            clock=clock,
            counts=self.counts,
            spawn=self._spawn,
            evict=self._runs.evict,
            on_takeover=lambda run: self._takeover_watch.watch(run.stream, run.state.version),
            owns=lambda stream: not self._stopping and self.is_assigned(stream),
            held=lambda: self.held,
        )

    @property
    def held(self) -> bool:
        """Whether the server is held: outcomes are recorded, and nothing starts."""
        return self._hold.held

    @property
    def backlog(self) -> int:
        """The number of requested runs that wait to be started."""
        return self._backlog.waiting.size

    def requested_runs(self) -> Mapping[str, int]:
        """Return how many requested runs of each tenant wait to be started."""
        return self._backlog.waiting.sizes()

    @property
    def live_runs(self) -> int:
        """The number of runs in memory."""
        return len(self._runs)

    async def handle(self, batch: Sequence[Recorded]) -> None:
        """Process events of the log, in order; repeated events and own echoes change nothing.

        A run whose request is delivered together with later events was started before, for example
        when the log is published again: it is loaded, not started.
        """
        requested: dict[str, RunRequested] = {}
        moved: set[str] = set()
        for recorded in batch:
            run = self._runs.get(recorded.stream)
            if run is not None:
                self._loop.observe(run, recorded)
            elif stream_parts(recorded.stream).kind != DECIDER.name:
                continue
            elif isinstance(recorded.event, RunRequested):
                requested[recorded.stream] = recorded.event
            elif not isinstance(recorded.event, RunBranched | StepCopied):
                # Both events belong to the request of a rerun, whose state is read from the store.
                moved.add(recorded.stream)
                self._loader.request(recorded)
        for stream, event in requested.items():
            if stream not in moved:
                self._backlog.put(stream, event)
        await self._loader.wait_for_capacity()

    def already_seen(self, stream: str, version: int) -> bool:
        """Return whether an event is the echo of an own append or belongs to a finished run."""
        run = self._runs.get(stream)
        if run is None:
            return self._runs.finished_before(stream, version)
        if version > run.state.version:
            return False
        self._loop.observe_echo(run, version)
        return True

    async def take_over_runs(self, streams: Iterable[str]) -> None:
        """Take over the unfinished runs among `streams`."""
        for stream in streams:
            if stream not in self._runs and (run := await self._load(stream)):
                self._spawn(self._loop.take_over(run))

    def release(self) -> None:
        """Continue after a hold on the server: resume runs in memory, and start waiting ones.

        `take_over_runs` resumes the runs that aren't in memory.
        """
        for run in self._runs:
            if run.state.hold is not None and run.state.hold.by_server:
                self._spawn(self._loop.resume_after_hold(run))
        self._backlog.start_waiting()

    def is_assigned(self, stream: str) -> bool:
        """Return whether this executor owns a run."""
        return self._takeover_watch.is_assigned(stream)

    def assign(self, owns: OwnsStream) -> None:
        """Own the streams for which `owns` is true, until they are revoked."""
        self._takeover_watch.assign(owns)

    async def revoke(self, owns: OwnsStream) -> None:
        """Abandon the runs for which `owns` is true: another executor takes them over."""
        self._takeover_watch.revoke(owns)
        self._backlog.remove(owns)
        await self._release([run for run in self._runs if owns(run.stream)])

    async def stop(self, *, grace_s: float, release: bool = True) -> None:
        """Wait up to `grace_s` for the running tasks, then cancel them.

        Cancelled attempts are released, so that the next owner of their runs continues at once. The
        call returns at most a few seconds after `grace_s`; it logs the name of a function that
        ignores its cancellation, and leaves the function running. Without `release` nothing is
        recorded, as when the process is killed: the next owner finds lost attempts.
        """
        self._stopping = True
        self._backlog.stop()
        await self._takeover_watch.close()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=grace_s)
        self._attempts.stop()
        still_running = await stop_tasks(self._tasks, within_s=CANCEL_S)
        for run in self._runs:
            for attempt in run.in_flight.values():
                if attempt.task in still_running:
                    self._log_left_behind(run, attempt.token)
        if release:
            await self._release(list(self._runs))
        if self._logs is not None:
            await self._logs.close()

    async def _release(self, runs: Sequence[LiveRun]) -> None:
        """Abandon runs and release their running attempts, within `RELEASE_S`.

        An attempt that can't be released counts as lost when the next owner takes its run over.
        """
        appends = filter(None, map(self._loop.release, runs))
        releasing = [asyncio.get_running_loop().create_task(append) for append in appends]
        if releasing:
            await asyncio.wait(releasing, timeout=RELEASE_S)
        failed = [task for task in releasing if not task.done() or task.exception() is not None]
        if failed:
            _log.warning("the attempts of %d runs were not released", len(failed))
            await stop_tasks(failed, within_s=CANCEL_S)

    def _log_left_behind(self, run: LiveRun, token: Token) -> None:
        step = run.compute_step(token)
        running_ms = self._clock.now() - run.state.steps[token.step_id].due_at + step.timeout_ms
        _log.error(
            "function %s ignores its cancellation and is left behind after %.1f s: run %s, step %s",
            step.function,
            running_ms / 1000,
            run.state.run_id,
            token.step_id,
        )

    def _is_full(self) -> bool:
        """Return whether further runs must wait; functions left running don't count."""
        return len(self._tasks) >= self._limits.tasks + len(self._attempts.left_behind)

    def _start(self, stream: str, requested: RunRequested) -> asyncio.Task[None] | None:
        if stream in self._runs:
            return None
        run = self._runs.add(stream, DECIDER.fold([requested]))
        return self._spawn(self._loop.start(run))

    async def _take_over_again(self, stream: str, version: int) -> int | None:
        """Take a stalled run over; see `TakeoverWatch`."""
        run = None if stream in self._runs else await self._load(stream)
        if run is None:
            return None
        if run.state.version != version:
            self._runs.evict(run)
            return run.state.version
        _log.info("%s has stalled after a takeover by another executor: taking it over", stream)
        self._spawn(self._loop.take_over(run))
        return None

    async def _load_and_resume(self, stream: str, delivered: Sequence[Recorded]) -> None:
        """Load a run that another process's events changed, and perform its running attempts.

        Events of `delivered` that were appended after the run was read are observed as usual.
        """
        loaded = await self._load(stream)
        if loaded is not None:
            await self._loop.resume(loaded)
        run = self._runs.get(stream)
        if run is not None:
            for recorded in delivered:
                self._loop.observe(run, recorded)

    async def _load(self, stream: str) -> LiveRun | None:
        """Read a run into the cache; return None for a cached, finished or unknown run."""
        state = await self._loop.load(stream)
        if state.final:
            self._runs.remember_finished(stream, state.version)
        if stream in self._runs or not state.version or state.final:
            return None
        return self._runs.add(stream, state)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        return task

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a task of a run failed unexpectedly", exc_info=error)
        if self._backlog.waiting.size:
            self._backlog.start_waiting()
