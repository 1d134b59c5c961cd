"""Requests deliveries: each event of a run becomes one delivery per interested registration.

A delivery's id is derived from its registration and the event, so a request that is repeated after
a crash decides nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

from baton.domain.delivery.decisions import DECIDER as DELIVERY
from baton.domain.delivery.messages import RequestDelivery
from baton.domain.delivery.state import State as Delivery
from baton.domain.ids import derived_id
from baton.domain.stream import stream_name, stream_parts
from baton.domain.webhook.event_types import NOTIFIED_EVENTS, event_type
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.load import StreamState
from baton.eventlog.loops.transact import StreamCommand, transact_all
from baton.eventlog.ports.stores import EventStore
from baton.scheduler.deliveries.registrations import CHANGES, Registrations

DELIVERIES_PER_APPEND: Final = 200
"""The number of deliveries that one append requests."""

_NEW: Final = StreamState(Delivery(), 0)


async def match_events(
    registrations: Registrations, batch: Sequence[Recorded], *, after: int
) -> list[StreamCommand[Any, Any, Any]]:
    """Return a command for each delivery of `batch`, in the order of the log.

    Each event is matched against the registrations as of its own position.

    Args:
        registrations: The registrations as of the start of the batch; its changes are applied to
            them.
        batch: The next events of the log, in order.
        after: The deliveries of events up to this position have been requested before.
    """
    commands: list[StreamCommand[Any, Any, Any]] = []
    for recorded in batch:
        kind = type(recorded.event)
        if kind in CHANGES:
            await registrations.observe(recorded)
        elif recorded.position > after and kind in NOTIFIED_EVENTS and registrations.any_active:
            commands += _deliveries_of(registrations, recorded)
    return commands


async def request_deliveries(
    store: EventStore, commands: Sequence[StreamCommand[Any, Any, Any]]
) -> int:
    """Append the deliveries, each run's in the order of its events; return how many are new.

    The appends follow each other, so that no delivery of a run is stored before an earlier one.
    Raises `Unavailable`.
    """
    new = 0
    for start in range(0, len(commands), DELIVERIES_PER_APPEND):
        outcomes = await transact_all(store, commands[start : start + DELIVERIES_PER_APPEND])
        new += sum(outcome.changed for outcome in outcomes)
    return new


def _deliveries_of(
    registrations: Registrations, recorded: Recorded
) -> list[StreamCommand[Any, Any, Any]]:
    notified = event_type(recorded.event)
    if notified is None:
        return []
    tenant, _, run_id = stream_parts(recorded.stream)
    step_id = recorded.event.step_id if notified.startswith("task.") else None
    return [
        StreamCommand(
            DELIVERY,
            stream_name(tenant, DELIVERY.name, _id_of(webhook.webhook_id, recorded)),
            RequestDelivery(
                tenant=tenant,
                webhook_id=webhook.webhook_id,
                event=notified,
                run_id=run_id,
                run_version=recorded.version,
                step_id=step_id,
                ordered=webhook.ordered,
                at=recorded.event.at,
            ),
            _NEW,
        )
        for webhook in registrations.wanting(tenant, notified)
    ]


def _id_of(webhook_id: str, recorded: Recorded) -> str:
    return derived_id(webhook_id, recorded.stream, str(recorded.version))
