"""Runs a backtest: reads the chosen runs, replays them, and reports the differences."""

import asyncio
from collections import deque
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from baton.domain.artifact import NO_VALUES, Artifact, Values
from baton.domain.backtest.candidate import Candidate
from baton.domain.backtest.comparison import Comparison
from baton.domain.backtest.report import Report
from baton.eventlog.backtests.perform import ReplayBatch, ReplayResult, compare_run, performer
from baton.eventlog.backtests.recorded_runs import Batch, RecordedRun, batches
from baton.eventlog.backtests.selection import ChosenRuns, Progress
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.audit.leaf_store import LeafStore
from baton.eventlog.run_values import RunValues

_AHEAD: Final = 2
"""The number of batches that wait for each process, so that it is never idle."""


class Backtest:
    """A backtest of the chosen runs; `report` holds the differences so far.

    Args:
        leaves: The stored events.
        values: The large values of runs.
        chosen: The runs to replay.
        candidate: The changed definition.
        report: An empty report to fill; None creates one.
    """

    def __init__(
        self,
        leaves: LeafStore,
        values: RunValues,
        chosen: ChosenRuns,
        candidate: Candidate,
        *,
        report: Report | None = None,
    ) -> None:
        self.report = report or Report()
        self._total = len(chosen.runs)
        self._leaves = leaves
        self._values = values
        self._chosen = chosen
        self._candidate = candidate

    async def run(
        self,
        *,
        processes: int = 0,
        yield_time: bool = False,
        progress: Progress = lambda _done, _total: None,
    ) -> Report:
        """Replay all runs; raises `Unavailable`.

        Args:
            processes: The number of processes that replay; 0 replays in this process.
            yield_time: Whether reading takes at most half of the time of this process.
            progress: Called with the number of replayed runs, and the number of all runs.
        """
        under_way: deque[tuple[Batch, asyncio.Task[list[ReplayResult]]]] = deque()
        room = max(1, processes * _AHEAD)
        with performer(self._candidate, processes) as perform:
            try:
                run_batches = batches(self._leaves, self._chosen, yield_time=yield_time)
                async for batch in run_batches:
                    under_way.append((batch, asyncio.create_task(_performed(perform, batch))))
                    if len(under_way) >= room:
                        await self._take(*under_way.popleft(), progress)
                while under_way:
                    await self._take(*under_way.popleft(), progress)
            finally:
                for _, task in under_way:
                    task.cancel()
        return self.report

    async def _take(
        self, batch: Batch, task: asyncio.Task[list[ReplayResult]], progress: Progress
    ) -> None:
        """Report the runs of a batch in their order."""
        same = 0
        for run, replayed in zip(batch, await task, strict=True):
            result = await self._with_values(run, replayed)
            if result is None:
                same += 1
            else:
                self.report.add(result)
        self.report.add_same(same)
        progress(self.report.runs, self._total)

    async def _with_values(self, run: RecordedRun, replayed: ReplayResult) -> Comparison | None:
        """Return the comparison of a run; loads the large values that its conditions read."""
        values: Values = NO_VALUES
        while isinstance(replayed, frozenset):
            values = {**values, **await self._load(replayed)}
            replayed = compare_run(run, self._candidate, values)
        return replayed

    async def _load(self, artifacts: frozenset[Artifact]) -> Values:
        return await self._values.load(self._candidate.definition.tenant, artifacts)


async def _performed(perform: ReplayBatch, batch: Batch) -> list[ReplayResult]:
    try:
        return await perform(batch)
    except BrokenProcessPool as broken:
        raise Unavailable("A process of the backtest crashed: start the backtest again") from broken
