"""The metrics of this process in Prometheus' text format, limited to those its reader may see."""

from collections.abc import Collection, Iterator
from importlib.metadata import version
from platform import python_version

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

TENANT = "tenant"
"""The label of figures that belong to one tenant."""


def metrics_text(registry: CollectorRegistry, tenants: Collection[str] | None) -> bytes:
    """Return the metrics.

    Args:
        registry: The metrics of this process.
        tenants: The tenants whose figures are shown; None shows those of every tenant.
    """
    return generate_latest(registry if tenants is None else _OfTenants(registry, tenants))


class _OfTenants(Collector):
    def __init__(self, registry: CollectorRegistry, tenants: Collection[str]) -> None:
        self._registry, self._tenants = registry, tenants

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            visible = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            visible.samples = [
                sample
                for sample in metric.samples
                if TENANT not in sample.labels or sample.labels[TENANT] in self._tenants
            ]
            yield visible


def new_registry() -> CollectorRegistry:
    """Return a registry that holds only the release of this process."""
    registry = CollectorRegistry()
    registry.register(_BuildInfo())
    return registry


class _BuildInfo(Collector):
    def collect(self) -> Iterator[Metric]:
        labels = {"version": version("baton-orchestrator"), "python": python_version()}
        about = "The release of this process, always 1"
        family = GaugeMetricFamily("baton_build_info", about, labels=list(labels))
        family.add_metric(list(labels.values()), 1)
        yield family
