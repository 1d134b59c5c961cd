"""Requesting, stopping and retrying bulks."""

from collections.abc import Sequence
from dataclasses import dataclass

from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.bulk.chunks import split
from baton.domain.bulk.decisions import DECIDER
from baton.domain.bulk.messages import (
    Action,
    BulkProgressed,
    Outcome,
    RequestBulk,
    RetryBulk,
    StopBulk,
)
from baton.domain.bulk.state import State
from baton.domain.errors import NotFound
from baton.domain.json import Json, JsonObject
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import CommandResult, transact
from baton.protocols.canonical_json import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBulk:
    """The request for a bulk.

    Args:
        action: The action, and `args` its options, as the body of a request for a single run.
        filter: The conditions that chose the runs, None for runs that were named by their ids.
        run_ids: The runs, in the order in which they are processed.
        position: The position of the log as of which they were chosen.
        per_second: The maximum number of runs per second, None for no limit.
    """

    action: Action
    args: JsonObject
    filter: JsonObject | None
    run_ids: Sequence[str]
    position: int
    per_second: int | None = None


async def request_bulk(
    services: Services, principal: Principal, bulk_id: str, new: NewBulk, *, at: int
) -> CommandResult[State]:
    """Request a bulk; an existing id requests nothing. Raises Invalid.

    The ids of the runs are stored first: nothing refers to them if the request isn't recorded.
    """
    command = RequestBulk(
        tenant=principal.tenant,
        bulk_id=bulk_id,
        action=new.action,
        args=new.args,
        filter=new.filter,
        chunks=await _store(services, principal.tenant, new.run_ids),
        count=len(new.run_ids),
        position=new.position,
        per_second=new.per_second,
        actor=principal.actor,
        at=at,
    )
    return await transact(services.store, DECIDER, _stream(principal, bulk_id), command)


async def stop_bulk(
    services: Services, principal: Principal, bulk_id: str, *, at: int
) -> CommandResult[State]:
    """Stop a bulk: no further run is processed. Raises NotFound, InConflict if it completed."""
    command = StopBulk(actor=principal.actor, at=at)
    return await transact(services.store, DECIDER, _stream(principal, bulk_id), command)


async def retry_bulk(
    services: Services, principal: Principal, bulk_id: str, *, at: int
) -> CommandResult[State]:
    """Retry the failed runs of a bulk; raises NotFound, and InConflict if there are none."""
    stream = _stream(principal, bulk_id)
    recorded = await services.store.read(stream)
    if not recorded:
        raise NotFound("bulk", bulk_id)
    newest: dict[str, Outcome] = {}
    for stored in recorded:
        if isinstance(stored.event, BulkProgressed):
            newest |= {item.run_id: item.outcome for item in stored.event.items}
    failed = [run_id for run_id, outcome in newest.items() if outcome == "failed"]
    command = RetryBulk(
        chunks=await _store(services, principal.tenant, failed),
        count=len(failed),
        actor=principal.actor,
        at=at,
    )
    return await transact(services.store, DECIDER, stream, command)


async def _store(services: Services, tenant: str, run_ids: Sequence[str]) -> JsonObject:
    """Store the ids in chunks and return the chunks' artifacts by name."""
    chunks: dict[str, Json] = {}
    for name, ids in split(run_ids):
        chunks[name] = await services.values.store_raw(tenant, canonical(ids))
    return chunks


def _stream(principal: Principal, bulk_id: str) -> str:
    return stream_name(principal.tenant, DECIDER.name, bulk_id)
