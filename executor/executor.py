"""The executor: follows the log's run events, performs what they say is to be done, reports back.

A run it owns is kept folded: when its own append brings the next step it goes on at once and does
not wait for the echo. Another owner is noticed by the expected version: its takeover makes this
executor drop the run.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages import RunRequested, StartRun, TakeOver
from baton.domain.run.state import State
from baton.domain.stream import stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import load
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.partitions import OwnsStream
from baton.eventlog.ports.stores import EventStore
from baton.executor.functions.call import FunctionCaller
from baton.executor.runs.live_run import LiveRun
from baton.executor.runs.run_loader import RunLoader
from baton.executor.runs.run_loop import Counts, RunLoop
from baton.executor.runs.takeover_watch import TakeoverWatch

MAX_FINISHED_REMEMBERED = 50_000
"""Finished runs whose events are known for echoes without a look into the store."""

_log = logging.getLogger("baton.executor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`tasks` bounds what is under way at once, `live_runs` the runs kept folded in memory."""

    tasks: int = 4_000
    live_runs: int = 10_000


class Executor:
    """Performs the steps of runs; `functions` calls what a compute step names."""

    def __init__(
        self,
        store: EventStore,
        functions: FunctionCaller,
        *,
        clock: Clock,
        rng: Random,
        limits: Limits | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits or Limits()
        self._runs: OrderedDict[str, LiveRun] = OrderedDict()
        self._finished: OrderedDict[str, int] = OrderedDict()  # the version a run ended with
        self._backlog: deque[tuple[str, RunRequested]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._loader = RunLoader(self._load_and_resume, self._spawn)
        self._takeover_watch = TakeoverWatch(clock, self._take_over_again)
        self._loop = RunLoop(
            store,
            functions,
            clock,
            rng,
            spawn=self._spawn,
            evict=self._evict,
            on_takeover=lambda run: self._takeover_watch.watch(run.stream, run.state.version),
        )

    @property
    def counts(self) -> Counts:
        """What this executor did so far."""
        return self._loop.counts

    @property
    def backlog(self) -> int:
        """How many requested runs wait for a place."""
        return len(self._backlog)

    @property
    def live_runs(self) -> int:
        """How many runs it keeps in memory."""
        return len(self._runs)

    async def handle(self, batch: Sequence[Recorded]) -> None:
        """Take in events of the log, in order; repeats and own echoes do nothing.

        A run whose request comes with later events, as when all is published again, was begun
        before: it is looked up and not begun.
        """
        requested: dict[str, RunRequested] = {}
        moved: set[str] = set()
        for recorded in batch:
            run = self._runs.get(recorded.stream)
            if run is not None:
                self._observe(run, recorded)
            elif stream_parts(recorded.stream).kind != DECIDER.name:
                continue
            elif isinstance(recorded.event, RunRequested):
                requested[recorded.stream] = recorded.event
            else:
                moved.add(recorded.stream)
                self._loader.request(recorded)
        self._backlog.extend(one for one in requested.items() if one[0] not in moved)
        self._start_from_backlog()
        await self._loader.wait_for_capacity()

    def already_seen(self, stream: str, version: int) -> bool:
        """Whether an event of the log is an echo, or belongs to a run that is over."""
        run = self._runs.get(stream)
        if run is None:
            return version <= self._finished.get(stream, 0)
        if version > run.state.version:
            return False
        self._observe_echo(run, version)
        return True

    async def take_over_runs(self, streams: Iterable[str]) -> None:
        """Go on with unfinished runs whose executor is gone."""
        for stream in streams:
            if stream not in self._runs and (run := await self._load(stream)):
                self._spawn(self._take_over(run))

    def assign(self, owns: OwnsStream) -> None:
        """Note that a share is this executor's, until it is let go."""
        self._takeover_watch.assign(owns)

    def revoke(self, owns: OwnsStream) -> None:
        """Leave the runs of a share to another executor, as they are."""
        self._takeover_watch.revoke(owns)
        self._backlog = deque(one for one in self._backlog if not owns(one[0]))
        for run in [run for stream, run in self._runs.items() if owns(stream)]:
            self._loop.abandon(run)

    async def stop(self, *, grace_s: float) -> None:
        """Give what is under way `grace_s` to end; the rest is for the next owner to take over."""
        self._stopping = True
        await self._takeover_watch.close()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=grace_s)
        rest = tuple(self._tasks)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _observe(self, run: LiveRun, recorded: Recorded) -> None:
        if recorded.version > run.state.version:
            run.seen_version = recorded.version
            run.external.append(recorded)
            if not run.draining:
                self._spawn(self._loop.advance(run))
        else:
            self._observe_echo(run, recorded.version)

    def _observe_echo(self, run: LiveRun, version: int) -> None:
        run.seen_version = max(run.seen_version, version)
        if run.state.final and run.idle:
            self._evict(run)

    def _start_from_backlog(self) -> None:
        """Start as many requested runs as there is room for."""
        while self._backlog and len(self._tasks) < self._limits.tasks and not self._stopping:
            stream, requested = self._backlog.popleft()
            if stream not in self._runs:
                run = self._cache(stream, DECIDER.fold([requested]))
                self._spawn(self._start(run))

    async def _start(self, run: LiveRun) -> None:
        self.counts.runs_started += 1
        run.graph = await self._loop.load_graph(run)
        run.commands.append(StartRun(graph=run.graph, at=self._clock.now()))
        await self._loop.advance(run)

    async def _take_over(self, run: LiveRun) -> None:
        if run.state.status == "pending":
            await self._start(run)
            return
        self.counts.runs_taken_over += 1
        run.graph = await self._loop.load_graph(run)
        run.commands.append(TakeOver(graph=run.graph, at=self._clock.now()))
        await self._loop.advance(run)

    async def _take_over_again(self, stream: str, version: int) -> int | None:
        """Take over a run that stands still, although another executor had taken it over."""
        run = None if stream in self._runs else await self._load(stream)
        if run is None:
            return None
        if run.state.version != version:
            self._evict(run)
            return run.state.version
        _log.info("%s stands still: it is taken over again", stream)
        self._spawn(self._take_over(run))
        return None

    async def _load_and_resume(self, stream: str, seen: Sequence[Recorded]) -> None:
        """Somebody's events moved a run that is not kept here: perform what they ask for.

        What of `seen` came in after the run was read is noted like the event of any run.
        """
        loaded = await self._load(stream)
        if loaded is not None:
            await self._loop.resume(loaded)
        run = self._runs.get(stream)
        if run is not None:
            for recorded in seen:
                self._observe(run, recorded)

    async def _load(self, stream: str) -> LiveRun | None:
        loaded = await self._loop.retry(lambda: load(self._store, DECIDER, stream), stream)
        state = loaded.state
        if state.final:
            self._remember_finished(stream, state.version)
        if stream in self._runs or not state.version or state.final:
            return None
        return self._cache(stream, state)

    def _remember_finished(self, stream: str, version: int) -> None:
        self._finished[stream] = version
        if len(self._finished) > MAX_FINISHED_REMEMBERED:
            self._finished.popitem(last=False)

    def _cache(self, stream: str, state: State) -> LiveRun:
        run = LiveRun(stream, state, seen_version=state.version)
        self._runs[stream] = run
        if len(self._runs) > self._limits.live_runs:
            self._evict_idle()
        return run

    def _evict_idle(self) -> None:
        """Let go of runs that only wait; the event that ends the wait brings them back."""
        surplus = len(self._runs) - self._limits.live_runs + self._limits.live_runs // 10
        idle = [stream for stream, run in self._runs.items() if run.idle]
        for stream in idle[:surplus]:
            del self._runs[stream]

    def _evict(self, run: LiveRun) -> None:
        self._runs.pop(run.stream, None)
        if run.state.final:
            self._remember_finished(run.stream, run.state.version)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("the work on a run ended unexpectedly", exc_info=error)
        if self._backlog:
            self._start_from_backlog()
