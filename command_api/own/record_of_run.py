"""GET /runs/{runId}/record: the record event that started a run.

No event of the run names it. The id of such a run is derived from its definition and the record
event, which comes shortly before the run in the log.
"""

from collections.abc import AsyncIterator
from typing import Final

from pydantic import BaseModel

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_run
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.history.read_log import SCANNED
from baton.command_api.own.records import RecordSummary, record_summary
from baton.command_api.principal import READ
from baton.domain.ids import derived_id
from baton.domain.record.messages import RecordReceived
from baton.domain.run.trigger import ByRecord
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.events.envelope import Recorded, Selection
from baton.eventlog.ports.stores import EventStore

_BATCH: Final = 500


class RecordOfRun(BaseModel):
    """The record event that started a run.

    It is missing if none did, or if it isn't among the 10,000 positions before the run.
    """

    record: RecordSummary | None = None


async def _show(context: RequestContext) -> Reply:
    run = await load_run(context, context.params["runId"])
    if not isinstance(run.trigger, ByRecord):
        return context.reply(200, {})
    store = context.services.store
    history = await store.read(stream_name(context.tenant, "run", run.id))
    async for recorded in _records_before(store, context.tenant, history[0].position):
        if derived_id(run.definition_id, stream_parts(recorded.stream).id) == run.id:
            return context.reply(200, {"record": record_summary(recorded, in_page=True)})
    return context.reply(200, {})


async def _records_before(store: EventStore, tenant: str, before: int) -> AsyncIterator[Recorded]:
    """Yield the record events of a tenant before a position, the newest first."""
    top = before - 1
    begin = max(0, top - SCANNED)
    while top > begin:
        after = max(begin, top - _BATCH)
        wanted = Selection(
            tenant=tenant,
            classes=(RecordReceived,),
            after=after,
            up_to=top,
            limit=_BATCH,
            newest_first=True,
        )
        for recorded in await store.select(wanted):
            yield recorded
        top = after


ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}/record",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get the record event that started a run",
        operation_id="getRunRecord",
        tag="Runs",
        response=RecordOfRun,
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run",
        },
    ),
)
