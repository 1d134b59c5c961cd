"""POST /runs/{runId}/retry: reopens a failed or cancelled run."""

from pydantic import BaseModel, Field

from baton.command_api.commands import retry_run
from baton.command_api.dialect.contract import Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.control.refusals import NOT_CHANGED
from baton.command_api.principal import WRITE


class RetryBody(BaseModel):
    """The body of POST /runs/{runId}/retry; without `stepId`, every failed step is retried."""

    stepId: str | None = Field(default=None, min_length=1, max_length=64)  # noqa: N815


async def _retry(context: RequestContext) -> Reply:
    body = await context.parse(RetryBody, required=False)
    run_id = context.params["runId"]
    outcome = await retry_run(
        context.services, context.principal, run_id, at=context.now(), step_id=body.stepId
    )
    return context.reply(200, {"id": run_id, "status": "running"}, position=outcome.position)


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
