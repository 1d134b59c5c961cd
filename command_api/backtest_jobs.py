"""Backtests that this process runs for its clients. It keeps jobs and reports only in memory."""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal, TypeAlias

from baton.domain.backtest.candidate import Candidate
from baton.domain.backtest.report import Report
from baton.domain.frozen import frozen
from baton.eventlog.backtests.backtest import Backtest
from baton.eventlog.backtests.recorded_runs import BATCH_EVENTS
from baton.eventlog.backtests.selection import RunSelection, choose_runs
from baton.eventlog.errors import Unavailable, Unreadable
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.audit.leaf_store import LeafStore
from baton.eventlog.ports.clock import Clock
from baton.eventlog.run_values import RunValues

_log = logging.getLogger(__name__)

AT_ONCE: Final = 1
"""The number of backtests that a process runs at once."""
KEPT_OF_TENANT: Final = 5
"""The number of ended backtests that are kept for each tenant."""
KEPT: Final = 50
"""The number of ended backtests that are kept in all; the oldest are dropped first."""
KEPT_MS: Final = 3_600_000
"""The time for which an ended backtest is kept, in ms."""
MAX_ITEMS: Final = 1_000
"""The number of runs that the report of a job lists."""

JobStatus: TypeAlias = Literal["queued", "running", "completed", "failed", "stopped"]
"""The progress of a job. A failed or stopped job has a partial report."""


@frozen
class BacktestRequest:
    """The runs to replay, the definition to try on them, and its description for the report."""

    selection: RunSelection
    candidate: Candidate
    name: str
    slug: str


@dataclass(slots=True, eq=False)
class Job:
    """A backtest; times are ms since the epoch, UTC. `failure` says why it failed."""

    id: str
    request: BacktestRequest
    requested_at: int
    status: JobStatus = "queued"
    report: Report = field(default_factory=lambda: Report(max_items=MAX_ITEMS))
    total: int | None = None
    ended_at: int | None = None
    failure: str | None = None

    @property
    def tenant(self) -> str:
        """The tenant whose job it is."""
        return self.request.selection.tenant

    @property
    def ended(self) -> bool:
        """Whether the job has ended, so that its report is final."""
        return self.ended_at is not None


class BacktestJobs:
    """The backtests of this process.

    Args:
        leaves: The stored events.
        values: The large values of runs.
        clock: The clock for the times of jobs.
        at_once: The number of jobs that run at once; others wait for their turn.
    """

    def __init__(
        self, leaves: LeafStore, values: RunValues, clock: Clock, *, at_once: int = AT_ONCE
    ) -> None:
        self._leaves = leaves
        self._values = values
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(at_once)

    def start(self, job_id: str, request: BacktestRequest) -> Job | None:
        """Start a backtest; return None while another one of the tenant is running or queued."""
        tenant = request.selection.tenant
        if any(job.tenant == tenant and not job.ended for job in self._jobs.values()):
            return None
        job = Job(id=job_id, request=request, requested_at=self._clock.now())
        self._drop_old()
        self._jobs[job.id] = job
        task = asyncio.create_task(self._run(job), name=f"backtest {job.id}")
        task.add_done_callback(partial(self._end, job))
        self._tasks[job.id] = task
        return job

    def find(self, tenant: str, job_id: str) -> Job | None:
        """Return a job of a tenant, None if it doesn't exist or was dropped."""
        self._drop_old()
        job = self._jobs.get(job_id)
        return job if job is not None and job.tenant == tenant else None

    async def stop(self, job: Job) -> None:
        """Stop a job; does nothing to an ended job."""
        task = self._tasks.get(job.id)
        if task is not None:
            await stop_tasks((task,))

    async def close(self) -> None:
        """Stop every job."""
        await stop_tasks(tuple(self._tasks.values()))

    async def _run(self, job: Job) -> None:
        try:
            async with self._turns:
                job.status = "running"
                await self._replay(job)
        except (Unavailable, Unreadable) as error:
            job.failure = str(error)

    def _end(self, job: Job, task: asyncio.Task[None]) -> None:
        """Set the end of a job whose task has ended, even if the task was stopped in the queue."""
        del self._tasks[job.id]
        job.ended_at = self._clock.now()
        if task.cancelled():
            job.status = "stopped"
            return
        error = task.exception()
        if error is not None:
            _log.error("Backtest %s failed", job.id, exc_info=error)
            job.failure = "An internal error ended it: see the server's log"
        job.status = "failed" if job.failure else "completed"

    async def _replay(self, job: Job) -> None:
        chosen = await choose_runs(self._leaves, job.request.selection, yield_time=True)
        job.total = len(chosen.runs)
        backtest = Backtest(
            self._leaves, self._values, chosen, job.request.candidate, report=job.report
        )
        small = sum(chosen.runs.values()) <= BATCH_EVENTS
        await backtest.run(processes=0 if small else 1, yield_time=True)

    def _drop_old(self) -> None:
        """Drop ended jobs that are too many or too old."""
        now, kept = self._clock.now(), list[Job]()
        for job in reversed(self._jobs.values()):
            if job.ended_at is not None:
                of_tenant = sum(one.tenant == job.tenant for one in kept)
                old = now - job.ended_at > KEPT_MS
                if old or len(kept) >= KEPT or of_tenant >= KEPT_OF_TENANT:
                    continue
            kept.append(job)
        self._jobs = {job.id: job for job in reversed(kept)}
