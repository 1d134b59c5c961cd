"""Exports how long attempts wait for slots of their functions, and the number of slots.

Executors and workers have functions, so both export these metrics.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.registry import Collector

from baton.eventlog.metrics.histogram import Histogram
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.metrics.families import histogram, labelled_gauge
from baton.projector.run_metrics.metrics import OTHER, LabelValues


class FunctionMetrics(Collector):
    """The metrics of the functions that this process calls."""

    def __init__(self, functions: RegisteredFunctions) -> None:
        self._functions = functions

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        about = "Slots for calls, by function; waiting calls have no slot"
        places = _bounded(self._functions.places())
        yield labelled_gauge("function_places", about, ("function", "state"), places)
        about = "Seconds that attempts waited for a slot of their function"
        waits = bounded_waits(self._functions.waits_by_function())
        yield histogram("attempt_queue_seconds", about, ("function",), waits)


def _bounded(places: Mapping[tuple[str, str], int]) -> Mapping[tuple[str, str], int]:
    """Return the slots; functions beyond the first 200 are added up as `other`."""
    names, bounded = LabelValues(OTHER), Counter[tuple[str, str]]()
    for (name, state), number in places.items():
        bounded[names.bounded(name), state] += number
    return bounded


def bounded_waits(waits: Mapping[str, Histogram]) -> Mapping[tuple[str], Histogram]:
    """Return the waits; those of functions beyond the first 200 are added up as `other`."""
    names, bounded = LabelValues(OTHER), defaultdict[tuple[str], Histogram](Histogram)
    for name, histogram_of_function in waits.items():
        bounded[names.bounded(name),].add(histogram_of_function)
    return bounded
