"""Exports the metrics of runs and attempts that the projector process counts."""

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.registry import Collector

from baton.metrics.families import counter, gauge, histogram, labelled_gauge
from baton.projector.run_metrics.run_metrics import RunMetrics

_DEFINITION = ("tenant", "definition")


class RunFigures(Collector):
    """The metrics of runs; `position` returns the position that the views hold."""

    def __init__(self, counted: RunMetrics, position: Callable[[], int]) -> None:
        self._counted = counted
        self._position = position

    def collect(self) -> Iterator[Metric]:
        """Yield every family, also those without observations."""
        metrics = self._counted.metrics
        about = "Runs requested"
        yield counter("runs_requested", about, (*_DEFINITION, "trigger"), metrics.requested)
        yield counter("runs", "Runs ended", (*_DEFINITION, "status"), metrics.ended)
        about = "Runs that haven't ended, counted in the views"
        open_runs = {(state,): number for state, number in self._counted.open.by_status.items()}
        yield labelled_gauge("runs_open", about, ("state",), open_runs)
        about = "Seconds from the request of a run to its end"
        yield histogram("run_seconds", about, _DEFINITION, metrics.run_times)
        about = "Attempts ended"
        yield counter("attempts", about, ("function", "outcome"), metrics.attempts)
        about = "Seconds from the start of an attempt to its end, with its wait for a slot"
        yield histogram("attempt_seconds", about, ("function",), metrics.attempt_times)
        about = "Seconds by which scheduled runs were requested late"
        yield histogram("schedule_lag_seconds", about, (), {(): metrics.schedule_lags})
        about = "Seconds by which delays and backoffs ended late"
        yield histogram("timer_lag_seconds", about, (), {(): metrics.timer_lags})
        about = "Age of the oldest event that the views don't hold"
        age_ms = self._counted.age_beyond_ms(self._position())
        yield gauge("views_lag_seconds", about, age_ms / 1_000)
