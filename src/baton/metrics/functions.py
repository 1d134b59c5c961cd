"""Exports how long attempts wait for slots of their functions, and the places of functions.

Executors and workers have functions, so both export these metrics.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.registry import Collector

from baton.eventlog.figures.histogram import Histogram
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.metrics.families import histogram, labelled_gauge
from baton.projector.run_metrics.figures import OTHER, Names


class FunctionMetrics(Collector):
    """The metrics of the functions that this process calls."""

    def __init__(self, functions: RegisteredFunctions) -> None:
        self._functions = functions

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        about = "Places for calls, by function; waiting calls have none"
        places = _bounded(self._functions.places())
        yield labelled_gauge("function_places", about, ("function", "state"), places)
        about = "Seconds that attempts waited for a slot of their function"
        waits = bounded_waits(self._functions.waits_by_function())
        yield histogram("attempt_queue_seconds", about, ("function",), waits)


def _bounded(places: Mapping[tuple[str, str], int]) -> Mapping[tuple[str, str], int]:
    """Return the places; functions beyond the first 200 are added up as `other`."""
    names, bounded = Names(OTHER), Counter[tuple[str, str]]()
    for (name, state), number in places.items():
        bounded[names.bounded(name), state] += number
    return bounded


def bounded_waits(waits: Mapping[str, Histogram]) -> Mapping[tuple[str], Histogram]:
    """Return the waits; those of functions beyond the first 200 are added up as `other`."""
    names, found = Names(OTHER), defaultdict[tuple[str], Histogram](Histogram)
    for name, one in waits.items():
        found[names.bounded(name),].add(one)
    return found
