"""POST /runs/{runId}/retry: reopens a failed or cancelled run."""

from pydantic import BaseModel, Field

from baton.command_api.commands import retry_run
from baton.command_api.dialect.contract import Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.control.refusals import NOT_CHANGED
from baton.command_api.principal import WRITE, Principal
from baton.command_api.services import Services
from baton.domain.run.control.explain import shown_status
from baton.domain.run.state import State as Run
from baton.eventlog.loops.transact import CommandResult


class RetryBody(BaseModel):
    """The body of POST /runs/{runId}/retry; without `stepId`, every failed step is retried."""

    stepId: str | None = Field(default=None, min_length=1, max_length=64)  # noqa: N815


async def retry(
    services: Services, principal: Principal, run_id: str, body: RetryBody, *, at: int
) -> CommandResult[Run]:
    """Reopen a run as `body` says; raises as `retry_run` does."""
    return await retry_run(services, principal, run_id, at=at, step_id=body.stepId)


async def _retry(context: RequestContext) -> Reply:
    body = await context.parse(RetryBody, required=False)
    run_id = context.params["runId"]
    outcome = await retry(context.services, context.principal, run_id, body, at=context.now())
    shown = {"id": run_id, "status": shown_status(outcome.state)}
    return context.reply(200, shown, position=outcome.position)


ROUTES = (
    Route(
        method="POST",
        path="/runs/{runId}/retry",
        handler=_retry,
        scope=WRITE,
        summary="Reopen a failed or cancelled run at its failed steps",
        operation_id="retryRun",
        tag="Runs",
        request=RetryBody,
        request_required=False,
        problems={**NOT_CHANGED, 429: "The tenant has too many unfinished runs"},
    ),
)
