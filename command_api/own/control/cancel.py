"""POST /runs/{runId}/cancel: cancels a run; no further step starts."""

from pydantic import BaseModel, Field

from baton.command_api.commands import cancel_run
from baton.command_api.dialect.contract import Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.control.refusals import NOT_CHANGED
from baton.command_api.principal import WRITE, Principal
from baton.command_api.services import Services
from baton.domain.run.state import State as Run
from baton.eventlog.loops.transact import CommandResult


class CancelBody(BaseModel):
    """The body of POST /runs/{runId}/cancel."""

    reason: str | None = Field(default=None, min_length=1, max_length=200)


async def cancel(
    services: Services, principal: Principal, run_id: str, body: CancelBody, *, at: int
) -> CommandResult[Run]:
    """Cancel a run as `body` says; raises as `cancel_run` does."""
    return await cancel_run(services, principal, run_id, at=at, reason=body.reason)


async def _cancel(context: RequestContext) -> Reply:
    body = await context.parse(CancelBody, required=False)
    run_id = context.params["runId"]
    outcome = await cancel(context.services, context.principal, run_id, body, at=context.now())
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
