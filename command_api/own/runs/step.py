"""GET /runs/{runId}/steps/{executionId}: one record of a run's history, with its input."""

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.dialect.run_values import ShownMembers, ShownValue, in_list, reply_with_run
from baton.command_api.dialect.step_inputs import read_step_inputs
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.runs.render_step import StepRecord, render_step
from baton.command_api.principal import READ
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject


class WholeStep(StepRecord):
    """A record of a run's history.

    `input` is the input of the function. It is missing for a step without a function, and if the
    inputs of the run are too large. `executor`, `heartbeatAt` and `progress` are those of an
    attempt that runs in the process that answers.
    """

    input: ShownMembers | None = None
    executor: str | None = None
    heartbeatAt: str | None = None  # noqa: N815 - the name of the JSON
    progress: ShownValue = None


async def _show(context: RequestContext) -> Reply:
    execution = context.params["executionId"]
    run = await load_run(context, context.params["runId"])
    step = await context.services.run_steps.get(context.tenant, execution)
    if step is None or step.run_id != run.id:
        raise NotFound("step", execution)

    async def render(inputs: int) -> JsonObject:
        inputs_by_attempt = await read_step_inputs(context, run, budget=inputs)
        step_input = inputs_by_attempt.get(execution)
        shown = {**render_step(step), **_live(context, execution)}
        return shown if step_input is None else {**shown, "input": step_input}

    return await reply_with_run(context, run, [step], render)


def _live(context: RequestContext, execution: str) -> JsonObject:
    """Return the facts that this process knows about an attempt that it runs."""
    live = context.services.live_attempts.get(context.tenant, execution)
    if live is None:
        return {}
    at = optional_time(live.heartbeat_at)
    progress = None if live.progress is None else in_list(live.progress)
    return without_none({"executor": live.executor, "heartbeatAt": at, "progress": progress})


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
