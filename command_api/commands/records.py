"""Recording record events, each of them once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.ids import derived_id
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import ReceiveRecord
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import StreamCommand, transact_all


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """The numbers of new and of known record events; all are in the log at `position`."""

    accepted: int
    duplicates: int
    position: int


async def send_records(
    services: Services, principal: Principal, records: Sequence[ReceiveRecord]
) -> RecordCounts:
    """Record all new ones among `records` in one append."""
    intents: dict[str, StreamCommand[Any, Any, Any]] = {}
    for record in records:
        ident = derived_id("record", record.source, record.event_id)
        stream = stream_name(principal.tenant, "record", ident)
        intents.setdefault(stream, StreamCommand(RECORD, stream, record))
    outcomes = await transact_all(services.store, list(intents.values()))
    accepted = sum(outcome.changed for outcome in outcomes)
    return RecordCounts(
        accepted=accepted,
        duplicates=len(records) - accepted,
        position=max((outcome.position for outcome in outcomes), default=0),
    )
