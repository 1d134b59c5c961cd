"""The executor role: performs the steps of the runs in its partitions of the log."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.retry import retry
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.partitions import PartitionedLog
from baton.eventlog.run_values import CACHE_BYTES, RunValues
from baton.executor.announce_functions import Announcer, known_functions
from baton.executor.executor import Executor, Limits
from baton.executor.functions.call import FunctionCaller
from baton.executor.functions.registered_functions import CallLimits, RegisteredFunctions
from baton.executor.ownership import Ownership
from baton.executor.runs.attempt_logs import AttemptLogs
from baton.executor.single_partition_log import SinglePartitionLog
from baton.executor.traced_calls import TracedCalls
from baton.executor.virtual_calls import VirtualCalls
from baton.executor.workers.remote_workers import RemoteWorkers
from baton.function_registry import all_functions
from baton.metrics.families import by_tenant, counters, gauge, labelled_gauge
from baton.metrics.functions import FunctionMetrics
from baton.projector.views.runs.queries import RunQueries
from baton.protocols.address_policy import AddressPolicy
from baton.role import RoleContext
from baton.settings import Settings
from baton.trace_settings import sampling_of, within_span_of

GRACE_S: Final = 7.0
"""The time a stop waits for running functions, in seconds.

Cancelling the rest and releasing their attempts takes up to 3 more, 10 in all.
"""

_log = logging.getLogger("baton.executor")

_DESCRIPTIONS: Final = {
    "runs_started": "Runs this executor started",
    "steps_performed": "Attempts this executor performed",
    "late_outcomes_refused": "Outcomes refused: the attempt was over or the run had a new owner",
    "runs_taken_over": "Unfinished runs taken over from an executor that stopped",
    "functions_left_behind": "Functions that ignored the cancellation of their attempt",
    "runs_lost_to_another": "Runs dropped because another executor had taken them over",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorRole:
    """An executor with its subscription.

    `remote` is None if the log has no topics, `announcer` if only this process uses the store.
    """

    executor: Executor
    ownership: Ownership
    log: PartitionedLog
    clock: Clock
    remote: RemoteWorkers | None
    announcer: Announcer | None
    hold: ServerHold

    async def run(self) -> None:
        """Follow the partitions that the log assigns to this process; announce its functions."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="follow")
            group.create_task(self._go_on_after_holds(), name="holds")
            if self.announcer is not None:
                group.create_task(self.announcer.run(), name="announce")

    async def _go_on_after_holds(self) -> None:
        while True:
            await self.hold.until(held=True)
            await self.hold.until(held=False)
            going_on = self.ownership.release
            await retry(going_on, clock=self.clock, log=_log, doing="continuing after the hold")

    async def _follow(self) -> None:
        subscription = await self.log.join("executor", self.ownership)
        await follow(subscription, self.executor.handle, clock=self.clock)

    async def stop(self) -> None:
        """Give running steps `GRACE_S` to end; the next owner continues the rest."""
        await self.executor.stop(grace_s=GRACE_S)
        if self.announcer is not None:
            await self.announcer.stop()

    def export(self, metrics: CollectorRegistry) -> None:
        """Register the executor's counters, and the numbers of refused answers from workers."""
        metrics.register(_ExecutorMetrics(self.executor))
        if self.remote is not None:
            metrics.register(_WorkerMetrics(self.remote))


def build(context: RoleContext) -> ExecutorRole:
    """Build the executor role with the configured functions.

    Raises FunctionsNotLoaded and FunctionNameTaken.
    """
    settings, topics = context.settings, context.stores.topics
    registry = all_functions(settings)
    logs = AttemptLogs(
        context.stores.events,
        RunValues(context.stores.artifacts),
        context.live_logs,
        clock=context.clock,
    )
    remote = (
        None
        if topics is None
        else RemoteWorkers(topics, prefix=settings.topic_prefix, clock=context.clock)
    )
    functions = RegisteredFunctions(
        registry,
        clock=context.clock,
        limits=CallLimits(
            wait_ms=settings.functions_wait_ms,
            hung_threads=settings.functions_max_hung_threads,
            tenant_weights=settings.tenant_weights,
        ),
        policy=address_policy(settings),
        logs=logs,
        remote=remote,
        live=context.live_attempts,
    )
    context.live_attempts.executor = context.holder
    context.closing.push_async_callback(functions.close)
    context.metrics.register(FunctionMetrics(functions))
    context.metrics.register(_CallMetrics(functions))
    context.checks["hung_threads"] = functions.python.hung_threads.below_ceiling
    context.functions.own = known_functions(registry)
    context.waiting_calls.own = functions.waiting
    return build_with(context, functions, remote=remote, logs=logs)


def address_policy(settings: Settings) -> AddressPolicy:
    """Return the policy for the addresses of functions behind a URL."""
    allowed = settings.functions_allow_private
    return AddressPolicy(
        allow_private=allowed is True,
        allow_loopback=allowed == "loopback",
        setting="BATON_FUNCTIONS_ALLOW_PRIVATE",
    )


def build_with(
    context: RoleContext,
    functions: FunctionCaller,
    *,
    remote: RemoteWorkers | None = None,
    logs: AttemptLogs | None = None,
) -> ExecutorRole:
    """Build the executor role on functions that the caller closes; `logs` keeps their logs."""
    stores, clock, time = context.stores, context.clock, context.replaced.time
    if time is not None:
        functions = VirtualCalls(functions, time)
    sampling = sampling_of(context.settings)
    if sampling is not None:
        functions = TracedCalls(functions, sampling, within_span_of())
    executor = Executor(
        stores.events,
        functions,
        clock=clock,
        rng=context.rng,
        limits=Limits(
            run_bytes=context.settings.limit_run_bytes,
            tenant_weights=context.settings.tenant_weights,
        ),
        values=context.replaced.counted(RunValues(stores.artifacts, cache_bytes=CACHE_BYTES)),
        logs=logs,
        hold=context.hold,
    )
    runs, reached = RunQueries(stores.views), context.view_position.reached
    return ExecutorRole(
        executor=executor,
        ownership=Ownership(executor, stores.events, runs, reached),
        log=stores.partitioned_log or SinglePartitionLog(stores.log, stores.events),
        clock=clock,
        remote=remote,
        announcer=_announcer(context),
        hold=context.hold,
    )


def _announcer(context: RoleContext) -> Announcer | None:
    directory, functions = context.stores.functions, context.functions.own
    waiting = context.waiting_calls.own
    if directory is None or functions is None or waiting is None:
        return None
    return Announcer(
        directory=directory,
        holder=context.holder,
        functions=functions,
        waiting=waiting,
        clock=context.clock,
    )


class _ExecutorMetrics(Collector):
    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def collect(self) -> Iterator[Metric]:
        yield from counters("executor", self._executor.counts, _DESCRIPTIONS)
        yield gauge("executor_backlog", "Requested runs not yet started", self._executor.backlog)
        about = "Requested runs not yet started, by tenant"
        yield by_tenant("executor_requested_runs", about, self._executor.requested_runs())
        yield gauge("executor_runs", "Runs kept in memory", self._executor.live_runs)


class _CallMetrics(Collector):
    def __init__(self, functions: RegisteredFunctions) -> None:
        self._functions = functions

    def collect(self) -> Iterator[Metric]:
        waits, python = self._functions.waits, self._functions.python
        yield gauge("executor_calls_waiting", "Calls that wait for a free slot", waits.waiting)
        about = "Calls that wait for a free slot, by tenant"
        yield by_tenant("executor_waiting_calls", about, self._functions.waiting())
        yield CounterMetricFamily(
            "baton_executor_call_wait_seconds",
            "Time that calls waited for a slot",
            value=waits.waited_ms / 1000,
        )
        about = "Calls given up because no slot became free in time"
        yield CounterMetricFamily("baton_executor_calls_not_made", about, value=waits.given_up)
        about = "Threads whose function goes on after the end of its attempt"
        yield gauge("executor_hung_threads", about, python.hung_threads.count)
        about = "Functions that went on in their thread after the end of their attempt"
        found = python.hung_threads.found
        yield CounterMetricFamily("baton_executor_threads_hung", about, value=found)
        about = "Times that a function held the event loop for more than 100 ms"
        yield CounterMetricFamily("baton_executor_loop_held", about, value=python.loop_blocked)


class _WorkerMetrics(Collector):
    def __init__(self, remote: RemoteWorkers) -> None:
        self._remote = remote

    def collect(self) -> Iterator[Metric]:
        refused = CounterMetricFamily(
            "baton_executor_worker_answers_refused",
            "Results and heartbeats of workers that were not applied",
            labels=["reason"],
        )
        for reason, value in asdict(self._remote.refused_answers).items():
            refused.add_metric([reason], value)
        yield refused
        about = "Tasks of this executor that the workers of a queue haven't answered yet"
        tasks = {(queue,): number for queue, number in self._remote.tasks.items()}
        yield labelled_gauge("queue_tasks", about, ("queue",), tasks)
