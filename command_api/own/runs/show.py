"""GET /runs/{runId}: one run, with its data and the history of its steps or the parts asked for."""

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.run_values import ShownMembers, ShownValue, reply_with_run
from baton.command_api.http.query_parameters import single
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.runs.output import output_of
from baton.command_api.own.runs.render_run import EXAMPLE, RunSummary, render_runs
from baton.command_api.own.runs.render_step import StepRecord, render_step
from baton.command_api.own.runs.render_trace import render_trace
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run

PARTS: Final = ("input", "context", "output", "steps")
"""The members of a run that `fields` chooses from; a run is always shown with all others."""


class WholeRun(RunSummary):
    """A run with its data and the history of its steps; `fields` leaves parts of them out.

    `output` is the output of the step that ended last, null for a run by `needs`, and missing until
    the run has completed.
    """

    input: ShownValue = None
    context: ShownMembers = Field(default_factory=dict)
    output: ShownValue = None
    steps: list[StepRecord] = Field(default_factory=list)
    traceId: str | None = Field(  # noqa: N815 - the names of the JSON
        default=None, description="The id of the run's trace, where traces are exported"
    )
    traceUrl: str | None = Field(  # noqa: N815
        default=None, description="The page of that trace, where the installation names one"
    )


async def _show(context: RequestContext) -> Reply:
    parts = _parts(context)
    run = await load_run(context, context.params["runId"])
    steps: Sequence[Step] = ()
    if "steps" in parts or "output" in parts:
        steps = await context.services.run_steps.of_run(context.tenant, run.id)
    (summary,) = await render_runs(context, [run])
    flow = await _flow(context, run) if "output" in parts else "next"

    async def render(_inputs: int) -> JsonObject:
        shown = _rendered(run, steps, parts)
        if "output" in parts and run.status == "completed":
            shown["output"] = output_of(steps, flow)
        trace = render_trace(context.services.installation, run)
        return {**summary, **shown, **trace}

    return await reply_with_run(context, run, steps, render)


def _parts(context: RequestContext) -> frozenset[str]:
    text = single(context.query, "fields")
    if text is None:
        return frozenset(PARTS)
    parts = frozenset(part for part in text.split(",") if part)
    if not parts <= set(PARTS):
        message = f"fields must be some of {', '.join(PARTS)}, separated by commas, or empty"
        raise refused_field(message, "fields")
    return parts


def _rendered(run: Run, steps: Sequence[Step], parts: frozenset[str]) -> JsonObject:
    shown: JsonObject = {}
    if "input" in parts:
        shown["input"] = run.input
    if "context" in parts:
        shown["context"] = run.context
    if "steps" in parts:
        shown["steps"] = [render_step(step) for step in steps]
    return shown


async def _flow(context: RequestContext, run: Run) -> str:
    definition = await context.services.definitions.get(context.tenant, run.definition_id)
    version = None if definition is None else definition.versions.get(run.definition_version)
    return "next" if version is None else version.graph.flow


ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get a run with its steps",
        operation_id="getRun",
        tag="Runs",
        response=WholeRun,
        example={
            **EXAMPLE,
            "status": "completed",
            "input": {"orderId": "1001"},
            "context": {},
            "output": {"orderId": "ord_123"},
            "steps": [
                {
                    "executionId": "d3c0u8h6gtk2q1v9m4tg.fulfill.1.1",
                    "stepId": "fulfill",
                    "visit": 1,
                    "attempt": 1,
                    "kind": "compute",
                    "status": "succeeded",
                    "function": "fulfill-order",
                    "output": {"orderId": "ord_123"},
                }
            ],
        },
        query=(
            QueryParameter(
                name="fields",
                schema={"type": "string"},
                description=f"Some of {', '.join(PARTS)}, separated by commas; empty shows none."
                " By default all are shown",
            ),
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run",
        },
    ),
)
