"""GET /runs/{runId}/steps/{executionId}: one record of a run's history, with its input."""

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.run_values import ShownMembers, reply_with_run
from baton.command_api.dialect.step_inputs import read_step_inputs
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.runs.render_step import StepRecord, render_step
from baton.command_api.principal import READ
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject


class WholeStep(StepRecord):
    """A record of a run's history.

    `input` is what the function was given. It is missing for a step that calls none, and where the
    inputs of the run are too large.
    """

    input: ShownMembers | None = None


async def _show(context: RequestContext) -> Reply:
    execution = context.params["executionId"]
    run = await load_run(context, context.params["runId"])
    step = await context.services.run_steps.get(context.tenant, execution)
    if step is None or step.run_id != run.id:
        raise NotFound("step", execution)

    async def render(inputs: int) -> JsonObject:
        found = await read_step_inputs(context, run, budget=inputs)
        given = found.get(execution)
        return {**render_step(step), **({} if given is None else {"input": given})}

    return await reply_with_run(context, run, [step], render)


ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}/steps/{executionId}",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get one attempt, decision or delay of a run with its input and output",
        operation_id="getRunStep",
        tag="Runs",
        response=WholeStep,
        problems={
            403: "The token lacks the scope",
            404: "The tenant has no such run, or the run no such record",
        },
    ),
)
