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
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.partitions import Owns
from baton.eventlog.ports.stores import EventStore
from baton.executor.functions.call import Functions
from baton.executor.runs.live_run import LiveRun
from baton.executor.runs.run_loader import Revivals
from baton.executor.runs.run_loop import Counts, RunLoop
from baton.executor.runs.takeover_watch import Disputes

OVER_REMEMBERED = 50_000
"""Finished runs whose events are known for echoes without a look into the store."""

_log = logging.getLogger("baton.executor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`tasks` bounds what is under way at once, `kept_runs` the runs kept folded in memory."""

    tasks: int = 4_000
    kept_runs: int = 10_000


class Executor:
    """Performs the steps of runs; `functions` calls what a compute step names."""

    def __init__(
        self,
        store: EventStore,
        functions: Functions,
        *,
        clock: Clock,
        rng: Random,
        limits: Limits | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits or Limits()
        self._runs: OrderedDict[str, LiveRun] = OrderedDict()
        self._over: OrderedDict[str, int] = OrderedDict()  # the version a run ended with
        self._backlog: deque[tuple[str, RunRequested]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._revivals = Revivals(self._revive, self._spawn)
        self._disputes = Disputes(clock, self._take_over_again)
        self._loop = RunLoop(
            store,
            functions,
            clock,
            rng,
            spawn=self._spawn,
            drop=self._drop,
            outdone=lambda run: self._disputes.look_after(run.stream, run.state.version),
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
    def kept(self) -> int:
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
                self._note(run, recorded)
            elif stream_parts(recorded.stream).kind != DECIDER.name:
                continue
            elif isinstance(recorded.event, RunRequested):
                requested[recorded.stream] = recorded.event
            else:
                moved.add(recorded.stream)
                self._revivals.want(recorded)
        self._backlog.extend(one for one in requested.items() if one[0] not in moved)
        self._admit()
        await self._revivals.room()

    def knows(self, stream: str, version: int) -> bool:
        """Whether an event of the log is an echo, or belongs to a run that is over."""
        run = self._runs.get(stream)
        if run is None:
            return version <= self._over.get(stream, 0)
        if version > run.state.version:
            return False
        self._echo(run, version)
        return True

    async def take_up(self, streams: Iterable[str]) -> None:
        """Go on with unfinished runs whose executor is gone."""
        for stream in streams:
            if stream not in self._runs and (run := await self._load(stream)):
                self._spawn(self._take_over(run))

    def own(self, owns: Owns) -> None:
        """Note that a share is this executor's, until it is let go."""
        self._disputes.gained(owns)

    def let_go(self, owns: Owns) -> None:
        """Leave the runs of a share to another executor, as they are."""
        self._disputes.lost(owns)
        self._backlog = deque(one for one in self._backlog if not owns(one[0]))
        for run in [run for stream, run in self._runs.items() if owns(stream)]:
            self._loop.leave(run)

    async def stop(self, *, grace_s: float) -> None:
        """Give what is under way `grace_s` to end; the rest is for the next owner to take over."""
        self._stopping = True
        await self._disputes.close()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=grace_s)
        rest = tuple(self._tasks)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _note(self, run: LiveRun, recorded: Recorded) -> None:
        if recorded.version > run.state.version:
            run.echoed = recorded.version
            run.foreign.append(recorded)
            if not run.serving:
                self._spawn(self._loop.carry_on(run))
        else:
            self._echo(run, recorded.version)

    def _echo(self, run: LiveRun, version: int) -> None:
        run.echoed = max(run.echoed, version)
        if run.state.final and run.idle:
            self._drop(run)

    def _admit(self) -> None:
        """Start as many requested runs as there is room for."""
        while self._backlog and len(self._tasks) < self._limits.tasks and not self._stopping:
            stream, requested = self._backlog.popleft()
            if stream not in self._runs:
                run = self._keep(stream, DECIDER.fold([requested]))
                self._spawn(self._begin(run))

    async def _begin(self, run: LiveRun) -> None:
        self.counts.runs_started += 1
        run.graph = await self._loop.graph_of(run)
        run.commands.append(StartRun(graph=run.graph, at=self._clock.now()))
        await self._loop.carry_on(run)

    async def _take_over(self, run: LiveRun) -> None:
        if run.state.status == "pending":
            await self._begin(run)
            return
        self.counts.runs_taken_over += 1
        run.graph = await self._loop.graph_of(run)
        run.commands.append(TakeOver(graph=run.graph, at=self._clock.now()))
        await self._loop.carry_on(run)

    async def _take_over_again(self, stream: str, version: int) -> int | None:
        """Take over a run that stands still, although another executor had taken it over."""
        run = None if stream in self._runs else await self._load(stream)
        if run is None:
            return None
        if run.state.version != version:
            self._drop(run)
            return run.state.version
        _log.info("%s stands still: it is taken over again", stream)
        self._spawn(self._take_over(run))
        return None

    async def _revive(self, stream: str, seen: Sequence[Recorded]) -> None:
        """Somebody's events moved a run that is not kept here: perform what they ask for.

        What of `seen` came in after the run was read is noted like the event of any run.
        """
        loaded = await self._load(stream)
        if loaded is not None:
            await self._loop.resume(loaded)
        run = self._runs.get(stream)
        if run is not None:
            for recorded in seen:
                self._note(run, recorded)

    async def _load(self, stream: str) -> LiveRun | None:
        recorded = await self._loop.insist(lambda: self._store.read(stream), stream)
        state = DECIDER.fold(one.event for one in recorded)  # type: ignore[misc]
        if state.final:
            self._remember_over(stream, state.version)
        if stream in self._runs or not state.version or state.final:
            return None
        return self._keep(stream, state)

    def _remember_over(self, stream: str, version: int) -> None:
        self._over[stream] = version
        if len(self._over) > OVER_REMEMBERED:
            self._over.popitem(last=False)

    def _keep(self, stream: str, state: State) -> LiveRun:
        run = LiveRun(stream, state, echoed=state.version)
        self._runs[stream] = run
        if len(self._runs) > self._limits.kept_runs:
            self._forget_idle()
        return run

    def _forget_idle(self) -> None:
        """Let go of runs that only wait; the event that ends the wait brings them back."""
        surplus = len(self._runs) - self._limits.kept_runs + self._limits.kept_runs // 10
        idle = [stream for stream, run in self._runs.items() if run.idle]
        for stream in idle[:surplus]:
            del self._runs[stream]

    def _drop(self, run: LiveRun) -> None:
        self._runs.pop(run.stream, None)
        if run.state.final:
            self._remember_over(run.stream, run.state.version)

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
            self._admit()
