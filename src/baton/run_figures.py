"""Exports the figures of runs and attempts that the process of the projector counts."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.registry import Collector

from baton.metric_families import counter, gauge, histogram
from baton.projector.run_metrics.figures import BOUNDS_S, Durations
from baton.projector.run_metrics.run_metrics import RunMetrics

_DEFINITION = ("tenant", "definition")


class RunFigures(Collector):
    """The metrics of runs; `position` returns the position that the views hold."""

    def __init__(self, counted: RunMetrics, position: Callable[[], int]) -> None:
        self._counted = counted
        self._position = position

    def collect(self) -> Iterator[Metric]:
        """Yield every family, also those that have no figures yet."""
        figures = self._counted.figures
        about = "Runs requested"
        yield counter("runs_requested", about, (*_DEFINITION, "trigger"), figures.requested)
        yield counter("runs", "Runs ended", (*_DEFINITION, "status"), figures.ended)
        about = "Seconds from the request of a run to its end"
        yield histogram("run_seconds", about, _DEFINITION, BOUNDS_S, figures.run_times.counts())
        about = "Attempts ended"
        yield counter("attempts", about, ("function", "outcome"), figures.attempts)
        about = "Seconds from the start of an attempt to its end, with its wait for a slot"
        found = _of_one_label(figures.attempt_times)
        yield histogram("attempt_seconds", about, ("function",), BOUNDS_S, found)
        about = "Seconds by which scheduled runs were requested late"
        found = _unlabelled(figures.schedule_lags)
        yield histogram("schedule_lag_seconds", about, (), BOUNDS_S, found)
        about = "Seconds by which delays and backoffs ended late"
        found = _unlabelled(figures.timer_lags)
        yield histogram("timer_lag_seconds", about, (), BOUNDS_S, found)
        about = "Age of the oldest event that the views don't hold"
        age_ms = self._counted.age_beyond_ms(self._position())
        yield gauge("views_lag_seconds", about, age_ms / 1_000)


def _of_one_label(
    durations: Durations[str],
) -> Mapping[tuple[str, ...], tuple[list[int], float]]:
    return {(label,): found for label, found in durations.counts().items()}


def _unlabelled(
    durations: Durations[None],
) -> Mapping[tuple[str, ...], tuple[list[int], float]]:
    empty = ([0] * (len(BOUNDS_S) + 1), 0.0)
    return {(): durations.counts().get(None, empty)}
