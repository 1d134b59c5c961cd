"""What the roles count, shown on /metrics when it is asked for: the hot path only adds integers."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from baton.eventlog.loops.relay import Relay
from baton.executor.executor import Executor
from baton.executor.workers.remote_workers import RemoteWorkers
from baton.projector.projector import Projector
from baton.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_HELP = {
    "runs_started": "Runs this executor started",
    "steps_performed": "Attempts this executor performed",
    "late_outcomes_refused": "Outcomes that came when their attempt or run was another's",
    "runs_taken_over": "Unfinished runs taken up after their executor was gone",
    "runs_lost_to_another": "Runs left because another executor had taken them over",
    "records_received": "Record events that came in by the topic",
    "records_known_before": "Record events of the topic that had come in before",
    "messages_given_up": "Messages of the records topic that became dead letters",
    "records_considered": "Record events matched against the triggers",
    "runs_requested": "Runs that record events and schedules asked for",
    "triggers_skipped": "Triggers considered and not fired",
    "ticks_fired": "Scheduled instants that started a run",
    "ticks_missed": "Scheduled instants that passed while nobody could fire them",
    "ticks_skipped": "Scheduled instants that a policy left out",
    "timers_fired": "Delays, backoffs and deadlines that came due",
}


class _Executor(Collector):
    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def collect(self) -> Iterator[Metric]:
        yield from _counters("executor", self._executor.counts)
        yield _gauge("executor_backlog", "Requested runs that wait", self._executor.backlog)
        yield _gauge("executor_runs", "Runs kept in memory", self._executor.live_runs)


class _Projector(Collector):
    def __init__(self, projector: Projector) -> None:
        self._projector = projector

    def collect(self) -> Iterator[Metric]:
        yield _gauge("projector_position", "How far the views are", self._projector.position)


class _Scheduler(Collector):
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def collect(self) -> Iterator[Metric]:
        yield from _counters("scheduler", self._scheduler.counters)
        yield _gauge("scheduler_leading", "Whether it is its turn", self._scheduler.leading)


class _Relay(Collector):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def collect(self) -> Iterator[Metric]:
        about = "Events published to those who share the log"
        yield CounterMetricFamily("baton_relay_published", about, value=self._relay.published)
        yield _gauge("relay_position", "How far the log is published", self._relay.position)
        yield _gauge("relay_leading", "Whether it is its turn", self._relay.leading)


class _Refused(Collector):
    def __init__(self, remote: RemoteWorkers) -> None:
        self._remote = remote

    def collect(self) -> Iterator[Metric]:
        counts = CounterMetricFamily(
            "baton_executor_worker_answers_refused",
            "Results and heartbeats of workers that were not applied",
            labels=["reason"],
        )
        for reason, value in asdict(self._remote.refused).items():
            counts.add_metric([reason], value)
        yield counts


def export_executor(
    registry: CollectorRegistry, executor: Executor, remote: RemoteWorkers | None
) -> None:
    """Show in `registry` what an executor did, and which answers of workers it refused."""
    registry.register(_Executor(executor))
    if remote is not None:
        registry.register(_Refused(remote))


def export_projector(registry: CollectorRegistry, projector: Projector) -> None:
    """Show in `registry` how far a projector is."""
    registry.register(_Projector(projector))


def export_scheduler(
    registry: CollectorRegistry, scheduler: Scheduler, relay: Relay | None
) -> None:
    """Show in `registry` what a scheduler did, and the relay beside it."""
    registry.register(_Scheduler(scheduler))
    if relay is not None:
        registry.register(_Relay(relay))


def _counters(role: str, counts: "DataclassInstance") -> Iterator[Metric]:
    for name, value in asdict(counts).items():
        yield CounterMetricFamily(f"baton_{role}_{name}", _HELP[name], value=value)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"baton_{name}", about, value=value)
