"""Runs a backtest: reads the chosen runs, replays them, and reports what was found."""

import asyncio
from collections import deque
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from baton.domain.artifact import NO_VALUES, Artifact, Values
from baton.domain.backtest.candidate import Candidate
from baton.domain.backtest.comparison import Comparison
from baton.domain.backtest.report import Report
from baton.eventlog.backtests.perform import Found, Perform, compare_run, performer
from baton.eventlog.backtests.recorded_runs import Batch, RecordedRun, batches
from baton.eventlog.backtests.selection import Chosen, Progress
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.audit.leaf_store import LeafStore
from baton.eventlog.run_values import RunValues

_AHEAD: Final = 2
"""Batches that wait for each process, so that it never waits for the next one."""


class Backtest:
    """A backtest of the chosen runs; `report` is what was found so far.

    Args:
        leaves: The stored events.
        values: The large values of runs.
        chosen: The runs to replay.
        candidate: The changed definition.
        report: An empty report to fill; None makes one.
    """

    def __init__(
        self,
        leaves: LeafStore,
        values: RunValues,
        chosen: Chosen,
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
        leave_room: bool = False,
        progress: Progress = lambda _done, _total: None,
    ) -> Report:
        """Replay all runs; raises `Unavailable`.

        Args:
            processes: The number of processes that replay; 0 replays in this one.
            leave_room: Whether other tasks of this process get half of the time of reading.
            progress: Called with the number of runs that were replayed, and of all.
        """
        under_way: deque[tuple[Batch, asyncio.Task[list[Found]]]] = deque()
        room = max(1, processes * _AHEAD)
        with performer(self._candidate, processes) as perform:
            try:
                read = batches(self._leaves, self._chosen, leave_room=leave_room)
                async for batch in read:
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
        self, batch: Batch, task: asyncio.Task[list[Found]], progress: Progress
    ) -> None:
        """Report the runs of a batch in their order."""
        same = 0
        for run, found in zip(batch, await task, strict=True):
            result = await self._with_values(run, found)
            if result is None:
                same += 1
            else:
                self.report.add(result)
        self.report.add_same(same)
        progress(self.report.runs, self._total)

    async def _with_values(self, run: RecordedRun, found: Found) -> Comparison | None:
        """Return the comparison of a run; its conditions may read large values."""
        values: Values = NO_VALUES
        while isinstance(found, frozenset):
            values = {**values, **await self._load(found)}
            found = compare_run(run, self._candidate, values)
        return found

    async def _load(self, artifacts: frozenset[Artifact]) -> Values:
        return await self._values.load(self._candidate.definition.tenant, artifacts)


async def _performed(perform: Perform, batch: Batch) -> list[Found]:
    try:
        return await perform(batch)
    except BrokenProcessPool as broken:
        raise Unavailable("A process of the backtest has ended: start it again") from broken
