"""POST /bulk/{bulkId}/stop and /retry: ends a bulk early, or retries its failed runs."""

from collections.abc import Awaitable, Callable

from baton.command_api.commands.bulks.bulks import retry_bulk, stop_bulk
from baton.command_api.dialect.contract import Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.bulk.documents import BulkChanged
from baton.command_api.own.empty_body import Nothing
from baton.command_api.principal import WRITE
from baton.domain.bulk.state import State
from baton.eventlog.loops.transact import CommandResult


async def _stop(context: RequestContext) -> Reply:
    return await _change(context, stop_bulk)


async def _retry(context: RequestContext) -> Reply:
    return await _change(context, retry_bulk)


async def _change(
    context: RequestContext, command: Callable[..., Awaitable[CommandResult[State]]]
) -> Reply:
    await context.parse(Nothing, required=False)
    bulk_id = context.params["bulkId"]
    result = await command(context.services, context.principal, bulk_id, at=context.now())
    shown = {"id": bulk_id, "status": result.state.status}
    return context.reply(202, shown, position=result.position)


_NOT_CHANGED = {
    400: "Invalid request body",
    403: "The token lacks the scope",
    404: "The tenant has no such bulk",
}

ROUTES = (
    Route(
        method="POST",
        path="/bulk/{bulkId}/stop",
        handler=_stop,
        scope=WRITE,
        summary="Stop a bulk: no further run is processed",
        operation_id="stopBulk",
        tag="Bulk",
        request=Nothing,
        request_required=False,
        response=BulkChanged,
        example={"id": "d3c0v1k6gtk2q1v9m700", "status": "stopping"},
        status=202,
        problems={**_NOT_CHANGED, 409: "The bulk has completed"},
    ),
    Route(
        method="POST",
        path="/bulk/{bulkId}/retry",
        handler=_retry,
        scope=WRITE,
        summary="Retry the failed runs of a bulk",
        operation_id="retryBulk",
        tag="Bulk",
        request=Nothing,
        request_required=False,
        response=BulkChanged,
        example={"id": "d3c0v1k6gtk2q1v9m700", "status": "running"},
        status=202,
        problems={**_NOT_CHANGED, 409: "The bulk has not ended, or no run has failed"},
    ),
)
