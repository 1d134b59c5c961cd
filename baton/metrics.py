"""What the roles count, shown on /metrics when it is asked for: the hot path only adds integers."""

from collections.abc import Iterator
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from executor.remote import RemoteWorkers
from executor.work import Executor
from projector.project import Projector
from scheduler.role import Scheduler

_HELP = {
    "runs_started": "Runs this executor started",
    "steps_performed": "Attempts this executor performed",
    "late_outcomes_refused": "Outcomes refused because their attempt had been superseded",
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


class _Counts(Collector):
    def __init__(self, executor: Executor, projector: Projector, scheduler: Scheduler) -> None:
        self._executor = executor
        self._projector = projector
        self._scheduler = scheduler

    def collect(self) -> Iterator[Metric]:
        for name, value in asdict(self._executor.counts).items():
            yield CounterMetricFamily(f"baton_executor_{name}", _HELP[name], value=value)
        for name, value in asdict(self._scheduler.counts).items():
            yield CounterMetricFamily(f"baton_scheduler_{name}", _HELP[name], value=value)
        backlog = self._executor.backlog
        yield GaugeMetricFamily("baton_executor_backlog", "Requested runs that wait", value=backlog)
        position = self._projector.position
        yield GaugeMetricFamily("baton_projector_position", "How far the views are", value=position)


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


def export_refused(registry: CollectorRegistry, remote: RemoteWorkers) -> None:
    """Show in `registry` which answers of workers were refused, by reason."""
    registry.register(_Refused(remote))


def export_counts(
    registry: CollectorRegistry, *, executor: Executor, projector: Projector, scheduler: Scheduler
) -> None:
    """Show the counts of the roles in `registry`."""
    registry.register(_Counts(executor, projector, scheduler))
