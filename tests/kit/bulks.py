"""Bulks that are made without their request, for tests of routes and of the scheduler."""

from collections.abc import Sequence

from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.bulk.chunks import split
from baton.domain.bulk.decisions import DECIDER as BULK
from baton.domain.bulk.messages import Action, Command, Item, ReportItems, RequestBulk
from baton.domain.decider import Batch, batched
from baton.domain.json import JsonObject
from baton.domain.stream import stream_name
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.artifacts import Artifacts
from baton.eventlog.run_values import RunValues
from baton.protocols.canonical_json import canonical
from tests.kit.actors import ANN


async def request_of(
    artifacts: Artifacts,
    bulk_id: str,
    run_ids: Sequence[str],
    *,
    tenant: str = "acme",
    action: Action = "cancel",
    per_second: int | None = None,
    at: int = 0,
) -> RequestBulk:
    """Return the request of a bulk whose chunks are stored."""
    values, chunks = RunValues(artifacts), JsonObject()
    for name, ids in split(run_ids):
        chunks[name] = await values.store_raw(tenant, canonical(ids))
    return RequestBulk(
        tenant=tenant,
        bulk_id=bulk_id,
        action=action,
        args={},
        chunks=chunks,
        count=len(run_ids),
        position=1,
        per_second=per_second,
        actor=ANN,
        at=at,
    )


async def make_bulk(
    services: Services, artifacts: Artifacts, user: Principal, run_id: str, *, failed: bool
) -> dict[str, str]:
    """Request a bulk on two runs; it stays running, or has ended and failed for `run_id`."""
    bulk_id, now = services.new_id(), services.clock.now()
    request = await request_of(artifacts, bulk_id, ("none", run_id), tenant=user.tenant, at=now)
    items = (
        Item(run_id="none", outcome="refused", code="not_found", message="Run not found"),
        Item(run_id=run_id, outcome="failed", code="rate_limited", message="Try again later"),
    )
    through = 2 if failed else 1
    report = ReportItems(round=1, first=0, through=through, items=items[:through], at=now)
    stream = stream_name(user.tenant, BULK.name, bulk_id)
    commands: Batch[Command] = Batch((request, report))
    made = await transact(services.store, batched(BULK), stream, commands)
    assert await services.reached(made.position, 5_000)
    return {"bulkId": bulk_id}
