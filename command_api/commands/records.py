"""Records record events, each only once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.ids import derived_id
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.matching import MATCHED, match
from baton.domain.record.messages import ReceiveRecord
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import StreamCommand, transact_all


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """The numbers of new and of known record events; all are in the log at `position`."""

    accepted: int
    duplicates: int
    position: int


async def count_waiting(services: Services, tenant: str, records: Sequence[ReceiveRecord]) -> int:
    """Return the number of triggers in the views that match `records`, summed over the records.

    The scheduler matches by the same rule, but as of the position of each event; a definition that
    changes at that moment may be counted before or after its change.
    """
    now, matched = services.clock.now(), 0
    for (kind, structure), number in Counter(
        (record.type, record.structure) for record in records
    ).items():
        waiting = await services.definitions.of_event_type(tenant, kind, now=now)
        starts = sum(match(definition.body, kind, structure) is MATCHED for definition in waiting)
        matched += number * starts
    return matched


async def send_records(
    services: Services, principal: Principal, records: Sequence[ReceiveRecord]
) -> RecordCounts:
    """Record all new events among `records` in one append."""
    intents: dict[str, StreamCommand[Any, Any, Any]] = {}
    for record in records:
        ident = derived_id("record", record.source, record.event_id)
        stream = stream_name(principal.tenant, "record", ident)
        command = replace(record, actor=principal.actor)
        intents.setdefault(stream, StreamCommand(RECORD, stream, command))
    outcomes = await transact_all(services.store, list(intents.values()))
    accepted = sum(outcome.changed for outcome in outcomes)
    return RecordCounts(
        accepted=accepted,
        duplicates=len(records) - accepted,
        position=max((outcome.position for outcome in outcomes), default=0),
    )
