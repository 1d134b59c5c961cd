"""GET /runs/{runId}/record: the record event that started a run.

No event of the run names it. The id of such a run is derived from its definition and the record
event, which comes shortly before the run in the log.
"""

from pydantic import BaseModel

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_run
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.history.read_log import newest_first
from baton.command_api.own.records import RecordSummary, record_summary
from baton.command_api.principal import READ
from baton.domain.ids import derived_id
from baton.domain.record.messages import RecordReceived
from baton.domain.run.trigger import ByRecord
from baton.domain.stream import stream_name, stream_parts


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
    begun = history[0].position
    async for recorded in newest_first(store, context.tenant, (RecordReceived,), before=begun):
        if derived_id(run.definition_id, stream_parts(recorded.stream).id) == run.id:
            return context.reply(200, {"record": record_summary(recorded, in_page=True)})
    return context.reply(200, {})


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
