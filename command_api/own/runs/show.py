"""GET /runs/{runId}: one run with its data and the history of its steps."""

from pydantic import BaseModel

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.run_values import ShownMembers, ShownValue, reply_with_run
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.runs.render_run import RunSummary, render_run, slug_of
from baton.command_api.own.runs.render_step import render_step
from baton.command_api.principal import READ
from baton.domain.json import JsonObject


class StepRecord(BaseModel):
    """An attempt, a decision or a delay in the history of a run."""

    stepId: str  # noqa: N815
    kind: str
    status: str
    output: ShownValue = None


class WholeRun(RunSummary):
    """A run with its data and the history of its steps."""

    input: ShownValue
    context: ShownMembers
    steps: list[StepRecord]


async def _show(context: RequestContext) -> Reply:
    run = await load_run(context, context.params["runId"])
    steps = await context.services.run_steps.of_run(context.tenant, run.id)
    slug = await slug_of(context, run.definition_id)

    async def render(_inputs: int) -> JsonObject:
        return {
            **render_run(run, slug),
            "input": run.input,
            "context": run.context,
            "steps": [render_step(step) for step in steps],
        }

    return await reply_with_run(context, run, steps, render)


ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}",
        handler=_show,
        scope=READ,
        summary="Get a run with its steps",
        tag="Runs",
        response=WholeRun,
        problems={403: "The token lacks the scope", 404: "The tenant has no such run"},
    ),
)
