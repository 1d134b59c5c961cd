"""The projector role: keeps the views that queries read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.ports.stores import EventStore, Log
from baton.metric_families import gauge
from baton.projector.projector import Projector
from baton.role import Role, RoleContext

CATCH_UP_MS: Final = 5_000
"""The time a stop waits for the views to hold the newest event, in ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedProjector:
    """The projector of a store that one process uses. It stops with the views up to date."""

    projector: Projector
    events: EventStore
    log: Log

    async def run(self) -> None:
        """Fold the log into the views."""
        await self.projector.run(self.log)

    async def stop(self) -> None:
        """Wait until the views hold the newest event."""
        await self.projector.reached(await self.events.head(), CATCH_UP_MS)

    def export(self, metrics: CollectorRegistry) -> None:
        """Register the position of the views."""
        metrics.register(_ProjectorMetrics(self.projector))


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedProjector:
    """The projector of a store that several processes use: the leader works, others stand by."""

    projector: Projector
    leader: Leader
    log: Log

    async def run(self) -> None:
        """Fold the log into the views whenever this process is the leader."""
        await self.leader.run(lambda: self.projector.run(self.log))

    async def stop(self) -> None:
        """Do nothing: the next leader continues from the checkpoint."""

    def export(self, metrics: CollectorRegistry) -> None:
        """Register the position of the views."""
        metrics.register(_ProjectorMetrics(self.projector))


def build(context: RoleContext) -> Role:
    """Build the projector role."""
    stores, clock = context.stores, context.clock
    if isinstance(context.view_position, Projector):
        return EmbeddedProjector(
            projector=context.view_position, events=stores.events, log=stores.log
        )
    return SharedProjector(
        projector=Projector(stores.views, clock=clock, shared=True),
        leader=Leader(stores.leases, "projector", holder=context.holder, clock=clock),
        log=stores.log,
    )


class _ProjectorMetrics(Collector):
    def __init__(self, projector: Projector) -> None:
        self._projector = projector

    def collect(self) -> Iterator[Metric]:
        yield gauge("projector_position", "Position the views hold", self._projector.position)
