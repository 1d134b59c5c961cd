"""Decisions about record events: each is recorded once and matched once."""

from typing import assert_never

from baton.domain.decider import Decider
from baton.domain.errors import NotFound
from baton.domain.record.messages import (
    Command,
    Event,
    ReceiveRecord,
    RecordReceived,
    ReportMatches,
    TriggersConsidered,
)
from baton.domain.record.state import State, evolve


def decide(command: Command, state: State) -> list[Event]:
    """Return the events of `command`; raises NotFound. A repeated command decides nothing."""
    match command:
        case ReceiveRecord():
            return [] if state.received else [_received(command)]
        case ReportMatches():
            if state.received is None:
                raise NotFound("record_event")
            if state.considered:
                return []
            return [TriggersConsidered(fired=command.fired, skipped=command.skipped, at=command.at)]
    assert_never(command)


def _received(command: ReceiveRecord) -> RecordReceived:
    return RecordReceived(
        event_id=command.event_id,
        source=command.source,
        type=command.type,
        tenant=command.tenant,
        structure=command.structure,
        record_id=command.record_id,
        data=command.data,
        time=command.time,
        at=command.at,
        actor=command.actor,
    )


DECIDER: Decider[Command, State, Event] = Decider("record", State(), decide, evolve)
