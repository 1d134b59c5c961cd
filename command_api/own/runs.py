"""Runs of every definition, whichever dialect created it: list, show, cancel, retry.

Responses leave out members that have no value; times are ISO-8601, UTC.
"""

from dataclasses import asdict

from pydantic import BaseModel, Field
from pydantic.alias_generators import to_camel

from baton.command_api.commands import cancel_run, retry_run
from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.paging import offset_page
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.dialect.run_values import ShownMembers, ShownValue, reply_with_run
from baton.command_api.http.query_parameters import choice, instant, single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.render_step import render_step
from baton.command_api.principal import READ, WRITE
from baton.domain.actor import Actor
from baton.domain.json import JsonObject
from baton.domain.run.trigger import BySchedule, Trigger
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status
from baton.protocols.iso_time import format_time

STATUSES: tuple[Status, ...] = (
    "pending",
    "running",
    "waiting",
    "completed",
    "failed",
    "cancelled",
)
MAX_LIMIT = 500


class RunSummary(BaseModel):
    """A run without its data."""

    id: str
    definitionId: str  # noqa: N815 - the names of the JSON
    slug: str | None = None
    version: int
    status: Status
    trigger: dict[str, object]
    actor: dict[str, object]
    requestedAt: str  # noqa: N815


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


class RunPage(BaseModel):
    """One page of runs, the newest first, and how many match in all."""

    runs: list[RunSummary]
    total: int
    limit: int
    offset: int


class CancelBody(BaseModel):
    """The body of POST /runs/{runId}/cancel."""

    reason: str | None = Field(default=None, min_length=1, max_length=200)


class RetryBody(BaseModel):
    """The body of POST /runs/{runId}/retry; without `stepId`, every failed step is retried."""

    stepId: str | None = Field(default=None, min_length=1, max_length=64)  # noqa: N815


async def _list(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    status = choice(context.query, "status", STATUSES)
    end = instant(context.query, "to")
    found, total = await context.services.runs.page(
        context.tenant,
        definition_id=single(context.query, "definitionId"),
        statuses=() if status is None else (status,),
        requested=(instant(context.query, "from"), None if end is None else end - 1),
        offset=page.offset,
        limit=page.limit,
    )
    slugs = {ident: await _slug(context, ident) for ident in {run.definition_id for run in found}}
    runs = [_run(run, slugs[run.definition_id]) for run in found]
    body = {"runs": runs, "total": total, "limit": page.limit, "offset": page.offset}
    return context.reply(200, body)


async def _show(context: RequestContext) -> Reply:
    run = await load_run(context, context.params["runId"])
    steps = await context.services.run_steps.of_run(context.tenant, run.id)
    slug = await _slug(context, run.definition_id)

    async def render(_inputs: int) -> JsonObject:
        return {
            **_run(run, slug),
            "input": run.input,
            "context": run.context,
            "steps": [render_step(step) for step in steps],
        }

    return await reply_with_run(context, run, steps, render)


async def _cancel(context: RequestContext) -> Reply:
    body = await context.parse(CancelBody, required=False)
    run_id = context.params["runId"]
    outcome = await cancel_run(
        context.services, context.principal, run_id, at=context.now(), reason=body.reason
    )
    return context.reply(200, {"id": run_id, "status": "cancelled"}, position=outcome.position)


async def _retry(context: RequestContext) -> Reply:
    body = await context.parse(RetryBody, required=False)
    run_id = context.params["runId"]
    outcome = await retry_run(
        context.services, context.principal, run_id, at=context.now(), step_id=body.stepId
    )
    return context.reply(200, {"id": run_id, "status": "running"}, position=outcome.position)


async def _slug(context: RequestContext, definition_id: str) -> str | None:
    found = await context.services.definitions.get(context.tenant, definition_id)
    return None if found is None else found.slug


def _run(run: Run, slug: str | None) -> JsonObject:
    shown = {
        "id": run.id,
        "definitionId": run.definition_id,
        "slug": slug,
        "version": run.definition_version,
        "status": run.status,
        "trigger": _trigger(run.trigger),
        "actor": _actor(run.actor),
        "currentStepId": run.current_step_id,
        "hasErrors": run.has_errors,
        "failure": _failure(run),
        "correlationId": run.correlation_id,
        "cancelReason": run.cancel_reason,
        "requestedAt": format_time(run.requested_at),
        "startedAt": optional_time(run.started_at),
        "completedAt": optional_time(run.completed_at),
    }
    return without_none(shown)


def _trigger(trigger: Trigger) -> JsonObject:
    """Return the trigger with its `kind`, and times as text."""
    shown = {to_camel(name): value for name, value in asdict(trigger).items()}
    if isinstance(trigger, BySchedule):
        shown["nominalAt"] = format_time(trigger.nominal_at)
    return shown


def _actor(actor: Actor) -> JsonObject:
    return without_none({"subject": actor.subject, "method": actor.method, "keyId": actor.key_id})


def _failure(run: Run) -> JsonObject | None:
    if run.failure_code is None:
        return None
    return {
        "code": run.failure_code,
        "message": run.failure_message,
        "stepId": run.failed_step,
    }


_LIMIT = {"type": "integer", "default": 50, "minimum": 1, "maximum": MAX_LIMIT}
_TIME = {"type": "string", "format": "date-time"}
_NOT_FOUND = {403: "The token lacks the scope", 404: "The tenant has no such run"}
_NOT_CHANGED = {
    **_NOT_FOUND,
    400: "Invalid request body",
    409: "The run's status doesn't allow this",
}

ROUTES = (
    Route(
        method="GET",
        path="/runs",
        handler=_list,
        scope=READ,
        summary="List runs of all definitions, the newest first",
        tag="Runs",
        response=RunPage,
        query=(
            QueryParameter(name="definitionId", schema={"type": "string"}),
            QueryParameter(name="status", schema={"type": "string", "enum": list(STATUSES)}),
            QueryParameter(
                name="from", schema=_TIME, description="Only runs requested then or later"
            ),
            QueryParameter(name="to", schema=_TIME, description="Only runs requested before"),
            QueryParameter(name="limit", schema=_LIMIT),
            QueryParameter(name="offset", schema={"type": "integer", "default": 0, "minimum": 0}),
        ),
        problems={400: "Invalid parameter", 403: _NOT_FOUND[403]},
    ),
    Route(
        method="GET",
        path="/runs/{runId}",
        handler=_show,
        scope=READ,
        summary="Get a run with its steps",
        tag="Runs",
        response=WholeRun,
        problems=_NOT_FOUND,
    ),
    Route(
        method="POST",
        path="/runs/{runId}/cancel",
        handler=_cancel,
        scope=WRITE,
        summary="Cancel a run",
        tag="Runs",
        request=CancelBody,
        request_required=False,
        problems=_NOT_CHANGED,
    ),
    Route(
        method="POST",
        path="/runs/{runId}/retry",
        handler=_retry,
        scope=WRITE,
        summary="Reopen a failed or cancelled run at its failed steps",
        tag="Runs",
        request=RetryBody,
        request_required=False,
        problems=_NOT_CHANGED,
    ),
)
