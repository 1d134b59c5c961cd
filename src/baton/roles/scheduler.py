"""The scheduler role: fires triggers, schedules and timers, and runs four followers beside that.

They send the deliveries of webhooks, perform bulks, and export traces. If several processes share a
log, the role also publishes events to it (the relay) and receives record events from it.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from baton.command_api.own.bulk.performer import BulkPerformer
from baton.eventlog.loops.relay import Relay
from baton.http_services import build_credentials, build_services
from baton.metrics.families import counters, gauge
from baton.role import RoleContext
from baton.scheduler.bulks.bulks import Bulks
from baton.scheduler.deliveries.attempts import Sending
from baton.scheduler.deliveries.deliveries import Deliveries
from baton.scheduler.records.receive_records import RecordReceiver
from baton.scheduler.scheduler import Scheduler
from baton.scheduler.traces.folding import Exported
from baton.scheduler.traces.traces import Traces
from baton.trace_settings import (
    collector_of,
    http_functions_of,
    keep_of,
    open_exporter,
    sampling_of,
)

_DESCRIPTIONS: Final = {
    "records_received": "Record events received from the records topic",
    "records_known_before": "Record events of the topic that were already recorded",
    "messages_given_up": "Messages of the records topic that became dead letters",
    "records_considered": "Record events matched against the triggers",
    "runs_requested": "Runs requested by record events and schedules",
    "triggers_skipped": "Triggers considered and not fired",
    "starts_deferred": "Record events and instants that wait: too many unfinished runs",
    "ticks_fired": "Scheduled instants that started a run",
    "ticks_missed": "Scheduled instants that passed while no scheduler could fire them",
    "ticks_skipped": "Scheduled instants skipped by a policy",
    "timers_fired": "Delays, backoffs and deadlines that came due",
}
_LEADING: Final = "1 while this process is the leader"
DAY_MS: Final = 24 * 3_600_000

_DELIVERIES: Final = {
    "requested": "Deliveries requested for events of runs",
    "delivered": "Deliveries that their receiver accepted",
    "failed": "Attempts that failed and are followed by another",
    "dead": "Deliveries given up",
    "disabled": "Webhooks disabled because their receiver answered 410",
}
_BULKS: Final = {
    "done": "Runs that a bulk has changed",
    "unchanged": "Runs of bulks that needed no change",
    "refused": "Runs of bulks whose state or a rule forbade the action",
    "failed": "Runs of bulks on which the action couldn't be performed",
}
_TRACES: Final = {
    "exported": "Spans that the collector of traces accepted",
    "failures": "Requests to the collector of traces that failed and are repeated",
}


@dataclass(slots=True, eq=False, kw_only=True)
class SchedulerRole:
    """A scheduler; `relay` and `receiver` are None if only this process uses the log.

    `traces` is None if traces are off.
    """

    scheduler: Scheduler
    deliveries: Deliveries
    bulks: Bulks
    traces: Traces | None
    relay: Relay | None
    receiver: RecordReceiver | None
    _receiving: asyncio.Task[None] | None = field(default=None, init=False)

    async def run(self) -> None:
        """Run the scheduler, deliveries, bulks, traces, relay and receiver side by side."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.scheduler.run(), name="scheduler")
            group.create_task(self.deliveries.run(), name="deliveries")
            group.create_task(self.bulks.run(), name="bulks")
            if self.traces is not None:
                group.create_task(self.traces.run(), name="traces")
            if self.relay is not None:
                group.create_task(self.relay.run(), name="relay")
            if self.receiver is not None:
                self._receiving = group.create_task(self.receiver.run(), name="records")

    async def stop(self) -> None:
        """Receive and fire nothing more; the relay saves its checkpoint last."""
        if self._receiving is not None:
            self._receiving.cancel()
        await asyncio.gather(self.scheduler.stop(), self.deliveries.stop(), self.bulks.stop())
        if self.traces is not None:
            await self.traces.stop()
        if self.relay is not None:
            await self.relay.stop()

    def export(self, metrics: CollectorRegistry) -> None:
        """Register the scheduler's counters, and those of the relay."""
        metrics.register(_FollowerMetrics("scheduler", self.scheduler, _DESCRIPTIONS))
        metrics.register(_TimerMetrics(self.scheduler))
        metrics.register(_FollowerMetrics("scheduler_deliveries", self.deliveries, _DELIVERIES))
        metrics.register(_FollowerMetrics("scheduler_bulks", self.bulks, _BULKS))
        if self.traces is not None:
            metrics.register(_FollowerMetrics("scheduler_traces", self.traces, _TRACES))
            metrics.register(_TraceMetrics(self.traces))
        if self.relay is not None:
            metrics.register(_RelayMetrics(self.relay))


def build(context: RoleContext) -> SchedulerRole:
    """Build the scheduler role; raises LookupError if the extra that traces need is missing."""
    # Imported here, so that processes without this role start without the dialect.
    from baton.command_api.dialects.workflow_orchestration.webhooks.render_data import (  # noqa: PLC0415
        render_data,
    )

    stores, clock, holder = context.stores, context.clock, context.holder
    scheduler = Scheduler(
        stores,
        clock=clock,
        rng=context.rng,
        holder=holder,
        call_wait_ms=context.settings.functions_wait_ms,
        open_runs=context.tenant_runs,
        near_ms=context.replaced.near_ms,
        hold=context.hold,
    )
    sending = Sending(
        render=render_data,
        client=context.webhook_client,
        backoff_ms=tuple(round(1_000 * seconds) for seconds in context.settings.webhook_backoff),
        retention_ms=context.settings.webhook_retention_days * DAY_MS,
    )
    services = build_services(context, build_credentials(context), takes_commands=False)
    return SchedulerRole(
        scheduler=scheduler,
        bulks=Bulks(stores, BulkPerformer(services), clock=clock, holder=holder),
        deliveries=Deliveries(
            stores, sending, clock=clock, holder=holder, near_ms=context.replaced.near_ms
        ),
        traces=_traces(context),
        relay=Relay(stores, clock=clock, holder=holder) if stores.publisher else None,
        receiver=_receiver(context, scheduler) if stores.topics else None,
    )


def _traces(context: RoleContext) -> Traces | None:
    """Return the exporter of traces, None if they are off."""
    settings = context.settings
    collector, sampling = collector_of(settings), sampling_of(settings)
    if collector is None or sampling is None:
        return None
    exporter = open_exporter(collector, version=version("baton-orchestrator"))
    context.closing.push_async_callback(exporter.close)
    return Traces(
        context.stores,
        exporter,
        clock=context.clock,
        holder=context.holder,
        exported=Exported(
            sampling=sampling,
            keep=keep_of(settings),
            http_functions=http_functions_of(settings),
        ),
    )


def _receiver(context: RoleContext, scheduler: Scheduler) -> RecordReceiver:
    return RecordReceiver(
        context.stores,
        clock=context.clock,
        topic=context.settings.records_topic,
        prefix=context.settings.topic_prefix,
        counters=scheduler.counters,
    )


class _FollowerMetrics(Collector):
    def __init__(
        self,
        name: str,
        follower: Scheduler | Deliveries | Bulks | Traces,
        descriptions: Mapping[str, str],
    ) -> None:
        self._name, self._follower, self._descriptions = name, follower, descriptions

    def collect(self) -> Iterator[Metric]:
        yield from counters(self._name, self._follower.counters, self._descriptions)
        yield gauge(f"{self._name}_leading", _LEADING, self._follower.leading)


class _TimerMetrics(Collector):
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def collect(self) -> Iterator[Metric]:
        about = "Timers in memory that should have fired more than a second ago"
        yield gauge("timers_overdue", about, self._scheduler.timers_overdue)


class _TraceMetrics(Collector):
    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def collect(self) -> Iterator[Metric]:
        about = "Position up to which the collector of traces has the spans"
        yield gauge("scheduler_traces_position", about, self._traces.position)


class _RelayMetrics(Collector):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def collect(self) -> Iterator[Metric]:
        about = "Events published to the shared log"
        yield CounterMetricFamily("baton_relay_published", about, value=self._relay.published)
        yield gauge(
            "relay_position", "Position up to which events are published", self._relay.position
        )
        yield gauge("relay_lag_events", "Stored events that aren't published", self._relay.lag)
        yield gauge("relay_leading", _LEADING, self._relay.leading)
