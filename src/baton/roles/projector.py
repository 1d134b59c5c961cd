"""The projector role: keeps the views that queries read.

It includes the notary: the projector already follows every event, starts nothing, and is the last
role to stop, so that the notary seals the events that the other roles still append.
"""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from baton.backend_choice import is_embedded, transport_of
from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.notary.anchors import Anchor, FileAnchor, path_of
from baton.eventlog.notary.key_rotation import KeyRotation
from baton.eventlog.notary.notary import NAME as NOTARY
from baton.eventlog.notary.notary import Notary
from baton.eventlog.notary.remote_anchors import TopicAnchor, WebhookAnchor
from baton.eventlog.ports.stores import EventStore, Log
from baton.keys import audit_keys
from baton.metrics.families import gauge
from baton.metrics.runs import RunFigures
from baton.projector.as_of.earlier_histories import EarlierHistories
from baton.projector.as_of.history import history_projector
from baton.projector.projector import Projector
from baton.projector.run_metrics.run_metrics import RunMetrics
from baton.projector.sets.keeper import ViewSetKeeper
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient
from baton.role import RoleContext

CATCH_UP_MS: Final = 5_000
"""The time a stop waits for the views to hold the newest event, in ms."""
NO_KEY: Final = (
    "the log isn't sealed: set BATON_AUDIT_KEY (`baton audit key --create` makes one), or"
    " BATON_NOTARY=false"
)

HEADS_TOPIC: Final = "tree-heads"
"""The topic that heads are sent to, without the prefix."""

_log = logging.getLogger("baton.notary")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectorRole:
    """The projector, with the notary beside it.

    If several processes share the store, the leader of the projector works, and the others stand
    by. A process that uses the store alone has no leader and stops with the views up to date.
    """

    keeper: ViewSetKeeper | Projector
    history: Projector
    earlier: EarlierHistories
    leader: Leader | None
    events: EventStore
    log: Log
    counted: RunMetrics
    notary: Notary | None

    async def run(self) -> None:
        """Fold the log into all views and their history, and seal it."""
        leader, project = self.leader, self._project
        async with asyncio.TaskGroup() as group:
            projecting = project() if leader is None else leader.run(project)
            group.create_task(projecting, name="projector")
            if self.notary is not None:
                group.create_task(self.notary.run(), name="notary")

    async def stop(self) -> None:
        """Seal the rest; without a next leader, first wait until the views hold all events."""
        if self.leader is None:
            await self.keeper.reached(await self.events.head(), CATCH_UP_MS)
        if self.notary is not None:
            await self.notary.stop()

    def export(self, metrics: CollectorRegistry) -> None:
        """Register the position of the views and of the tree, and the figures of runs."""
        metrics.register(_ProjectorMetrics(self.keeper, self.history))
        metrics.register(RunFigures(self.counted, lambda: self.keeper.position))
        if self.notary is not None:
            metrics.register(_NotaryMetrics(self.notary))

    async def _project(self) -> None:
        """Fold the log into the views, and count its runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.earlier.run())
            for follower in (self.keeper, self.history, self.counted):
                group.create_task(follower.run(self.log))


def build(context: RoleContext) -> ProjectorRole:
    """Build the projector role. Raises DamagedKeyFile for the notary's key."""
    stores, clock, holder = context.stores, context.clock, context.holder
    keeper, history = context.view_position, context.history_position
    leader = sealing_leader = None
    if not (isinstance(keeper, ViewSetKeeper | Projector) and isinstance(history, Projector)):
        keeper = ViewSetKeeper(
            stores,
            clock=clock,
            holder=holder,
            shared=True,
            events_per_s=context.settings.views_rebuild_rate,
        )
        history = history_projector(stores.history, clock=clock, shared=True)
        leader = Leader(stores.leases, "projector", holder=holder, clock=clock)
        sealing_leader = Leader(stores.leases, NOTARY, holder=holder, clock=clock)
    return ProjectorRole(
        keeper=keeper,
        history=history,
        earlier=EarlierHistories(stores.histories, stores.events, history, clock),
        leader=leader,
        events=stores.events,
        log=stores.log,
        counted=RunMetrics(stores.events, stores.views, clock=clock),
        notary=_notary(context, sealing_leader),
    )


def _notary(context: RoleContext, leader: Leader | None) -> Notary | None:
    """Return the notary; None if it is off, or has no key.

    A key is created in the folder of an embedded store. Processes that share a store may run on
    several machines, so their key must be configured.
    """
    settings = context.settings
    if not settings.notary:
        return None
    keys = audit_keys(settings, create=is_embedded(settings.store_url))
    if keys is None:
        if leader is not None:
            _log.warning(NO_KEY)
        return None
    return Notary(
        context.stores.leaves,
        keys.signing,
        clock=context.clock,
        rotation=KeyRotation(context.stores.events, keys, context.clock),
        leader=leader,
        anchors=list(_anchors(context)),
    )


def _anchors(context: RoleContext) -> Iterator[Anchor]:
    """Yield the places that keep heads: the configured one, and a topic of a shared log."""
    settings, topics = context.settings, context.stores.topics
    address, secret = settings.audit_anchor, settings.audit_anchor_secret
    path = None if address is None else path_of(address)
    if path is not None:
        yield FileAnchor(path)
    elif address is not None and secret is not None:
        client = HttpClient(AddressPolicy(allow_private=True))  # the operator chose the address
        context.closing.push_async_callback(client.close)
        yield WebhookAnchor(client, address, secret.get_secret_value(), context.clock)
    if topics is not None and transport_of(settings.log) is not None:
        yield TopicAnchor(topics, f"{settings.topic_prefix}{HEADS_TOPIC}")


class _ProjectorMetrics(Collector):
    def __init__(self, keeper: ViewSetKeeper | Projector, history: Projector) -> None:
        self._keeper, self._history = keeper, history

    def collect(self) -> Iterator[Metric]:
        yield gauge("projector_position", "Position the views hold", self._keeper.position)
        about = "Position the history of lists holds"
        yield gauge("projector_history_position", about, self._history.position)


class _NotaryMetrics(Collector):
    def __init__(self, notary: Notary) -> None:
        self._notary = notary

    def collect(self) -> Iterator[Metric]:
        notary = self._notary
        about = "Events sealed with a leaf"
        yield CounterMetricFamily("baton_notary_sealed", about, value=notary.sealed)
        about = "Position up to which a signed head covers the events"
        yield gauge("notary_position", about, notary.position)
        yield gauge("notary_working", "1 while this process seals events", notary.working)
        about = "1 if the stored tree isn't the one that was signed: run `baton audit verify`"
        yield gauge("notary_broken", about, notary.broken is not None)
