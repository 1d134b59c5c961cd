"""POST /runs/{runId}/pause: pauses a run; outcomes of running attempts are still recorded."""

from pydantic import BaseModel, Field

from baton.command_api.commands import pause_run
from baton.command_api.dialect.contract import Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.control.refusals import NOT_CHANGED
from baton.command_api.principal import WRITE, Principal
from baton.command_api.services import Services
from baton.domain.run.hold import InFlight
from baton.domain.run.state import State as Run
from baton.eventlog.loops.transact import CommandResult


class PauseBody(BaseModel):
    """The body of POST /runs/{runId}/pause.

    With `inflight` "cancel", running attempts are cancelled and start again after the pause.
    """

    reason: str | None = Field(default=None, min_length=1, max_length=200)
    inflight: InFlight = "finish"


async def pause(
    services: Services, principal: Principal, run_id: str, body: PauseBody, *, at: int
) -> CommandResult[Run]:
    """Pause a run as `body` says; raises as `pause_run` does."""
    return await pause_run(
        services, principal, run_id, at=at, reason=body.reason, inflight=body.inflight
    )


async def _pause(context: RequestContext) -> Reply:
    body = await context.parse(PauseBody, required=False)
    run_id = context.params["runId"]
    outcome = await pause(context.services, context.principal, run_id, body, at=context.now())
    return context.reply(200, {"id": run_id, "status": "paused"}, position=outcome.position)


ROUTES = (
    Route(
        method="POST",
        path="/runs/{runId}/pause",
        handler=_pause,
        scope=WRITE,
        summary="Pause a run: no step starts until it is resumed",
        operation_id="pauseRun",
        tag="Runs",
        request=PauseBody,
        request_required=False,
        problems=NOT_CHANGED,
    ),
)
