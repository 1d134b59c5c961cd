"""Prometheus metrics read from a role's counters when /metrics is scraped.

The hot path only adds integers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


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
