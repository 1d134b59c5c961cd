"""Prometheus metrics read from a role's counters when /metrics is scraped.

The hot path only adds integers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from baton.eventlog.metrics.histogram import Histogram

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

L = TypeVar("L", bound=tuple[str, ...])


def counters(
    role: str, counts: "DataclassInstance", descriptions: Mapping[str, str]
) -> Iterator[Metric]:
    """Yield a counter `baton_<role>_<field>` for each field of `counts`."""
    for name, value in asdict(counts).items():
        yield CounterMetricFamily(f"baton_{role}_{name}", descriptions[name], value=value)


def gauge(name: str, description: str, value: float) -> Metric:
    """Return the gauge `baton_<name>`."""
    return GaugeMetricFamily(f"baton_{name}", description, value=value)


def by_tenant(name: str, description: str, values: Mapping[str, float]) -> Metric:
    """Return the gauge `baton_<name>` with the label `tenant`.

    A reader with a token sees the figures of its own tenants alone.
    """
    family = GaugeMetricFamily(f"baton_{name}", description, labels=("tenant",))
    for tenant, value in values.items():
        family.add_metric((tenant,), value)
    return family


def counter(name: str, description: str, labels: Sequence[str], counts: Mapping[L, int]) -> Metric:
    """Return the counter `baton_<name>_total` with labels; `counts` is by their values."""
    family = CounterMetricFamily(f"baton_{name}", description, labels=labels)
    for values, count in counts.items():
        family.add_metric(values, count)
    return family


def labelled_gauge(
    name: str, description: str, labels: Sequence[str], values: Mapping[L, float]
) -> Metric:
    """Return the gauge `baton_<name>` with labels; `values` is by their values."""
    family = GaugeMetricFamily(f"baton_{name}", description, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family


def histogram(
    name: str,
    description: str,
    labels: Sequence[str],
    histograms: Mapping[L, Histogram],
) -> Metric:
    """Return the histogram `baton_<name>` with labels.

    Args:
        name: The name behind `baton_`.
        description: The meaning of an observation.
        labels: The names of the labels.
        histograms: The observations, by the values of the labels.
    """
    family = HistogramMetricFamily(f"baton_{name}", description, labels=labels)
    for values, one in histograms.items():
        edges = [*map(str, map(float, one.bounds)), "+Inf"]
        counts = accumulate(one.buckets)
        cumulative = [(edge, float(n)) for edge, n in zip(edges, counts, strict=True)]
        family.add_metric(values, cumulative, one.sum)
    return family
