"""POST /runs/{runId}/cancel: cancels a run; no further step starts."""

from pydantic import BaseModel, Field

from baton.command_api.commands import cancel_run
from baton.command_api.dialect.contract import Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.control.refusals import NOT_CHANGED
from baton.command_api.principal import WRITE


class CancelBody(BaseModel):
    """The body of POST /runs/{runId}/cancel."""

    reason: str | None = Field(default=None, min_length=1, max_length=200)


async def _cancel(context: RequestContext) -> Reply:
    body = await context.parse(CancelBody, required=False)
    run_id = context.params["runId"]
    outcome = await cancel_run(
        context.services, context.principal, run_id, at=context.now(), reason=body.reason
    )
    return context.reply(202, {"id": run_id, "status": "cancelled"}, position=outcome.position)


ROUTES = (
    Route(
        method="POST",
        path="/runs/{runId}/cancel",
        handler=_cancel,
        scope=WRITE,
        summary="Cancel a run",
        operation_id="cancelRun",
        tag="Runs",
        request=CancelBody,
        request_required=False,
        status=202,
        problems=NOT_CHANGED,
    ),
)
