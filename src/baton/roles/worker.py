"""The worker role: performs the tasks of queues, away from the executors."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from baton.eventlog.ports.topics import Topics
from baton.executor.functions.registered_functions import CallLimits
from baton.executor.functions.registry import Registry
from baton.executor.workers.worker import Worker
from baton.metrics.families import histogram
from baton.metrics.functions import FunctionMetrics, bounded_waits
from baton.role import RoleContext


def build(context: RoleContext, topics: Topics, registry: Registry, *, concurrency: int) -> Worker:
    """Build a worker that performs up to `concurrency` tasks at once, and export its metrics.

    It needs topics and functions, and no store, so no readiness depends on one.
    """
    settings = context.settings
    worker = Worker(
        topics,
        registry,
        prefix=settings.topic_prefix,
        clock=context.clock,
        concurrency=concurrency,
        limits=CallLimits(
            wait_ms=settings.functions_wait_ms, hung_threads=settings.functions_max_hung_threads
        ),
    )
    context.checks["hung_threads"] = worker.functions.python.hung_threads.below_ceiling
    export(worker, context.metrics)
    return worker


def export(worker: Worker, metrics: CollectorRegistry) -> None:
    """Register the metrics of a worker and of its functions."""
    metrics.register(FunctionMetrics(worker.functions))
    metrics.register(_TaskMetrics(worker))


class _TaskMetrics(Collector):
    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def collect(self) -> Iterator[Metric]:
        about = "Seconds from the sending of a task until a worker took it up"
        waits = bounded_waits(self._worker.task_waits)
        yield histogram("worker_task_wait_seconds", about, ("function",), waits)
