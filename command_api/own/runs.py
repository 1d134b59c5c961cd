"""Runs over all definitions and dialects, in the core's own words, with cancel and retry.

For the command line and pages, which look at a run without knowing what it is a run of. Members
without a value are left out; times are ISO-8601, UTC.
"""

from pydantic import BaseModel, Field

from baton.command_api.commands import cancel_run, retry_run
from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialects.centrali.run_steps import shown_run_step
from baton.command_api.http.pagination import MAX_OFFSET, choice, integer, one
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import Exchange
from baton.command_api.principal import READ, WRITE
from baton.domain.json import JsonObject
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status
from baton.protocols.iso_time import shown_time

STATUSES: tuple[Status, ...] = (
    "pending",
    "running",
    "waiting",
    "completed",
    "failed",
    "cancelled",
)
MAX_LIMIT = 500


class RunShown(BaseModel):
    """A run; its own page also has `input`, `context` and `steps`."""

    id: str
    definitionId: str  # noqa: N815 - the names of the JSON
    slug: str | None = None
    version: int
    status: Status
    trigger: str
    metadata: dict[str, object]
    requestedAt: str  # noqa: N815


class RunsShown(BaseModel):
    """A page of runs, the newest first."""

    runs: list[RunShown]
    total: int
    limit: int
    offset: int


class Cancelling(BaseModel):
    """POST /runs/{runId}/cancel."""

    reason: str | None = Field(default=None, min_length=1, max_length=200)


class Retrying(BaseModel):
    """POST /runs/{runId}/retry; without `stepId` at all the steps that failed."""

    stepId: str | None = Field(default=None, min_length=1, max_length=64)  # noqa: N815


async def _list(exchange: Exchange) -> Reply:
    limit = integer(exchange.query, "limit", 50, at_least=1, at_most=MAX_LIMIT)
    offset = integer(exchange.query, "offset", 0, at_least=0, at_most=MAX_OFFSET)
    status = choice(exchange.query, "status", STATUSES)
    found, total = await exchange.services.views.runs(
        exchange.tenant,
        definition_id=one(exchange.query, "definitionId"),
        statuses=() if status is None else (status,),
        offset=offset,
        limit=limit,
    )
    slugs = {ident: await _slug(exchange, ident) for ident in {run.definition_id for run in found}}
    runs = [_run(run, slugs[run.definition_id]) for run in found]
    return exchange.answer(200, {"runs": runs, "total": total, "limit": limit, "offset": offset})


async def _show(exchange: Exchange) -> Reply:
    return exchange.answer(200, await _whole(exchange))


async def _cancel(exchange: Exchange) -> Reply:
    body = await exchange.parse(Cancelling, required=False)
    run_id = exchange.params["runId"]
    outcome = await cancel_run(
        exchange.services, exchange.principal, run_id, at=exchange.now(), reason=body.reason
    )
    return exchange.answer(200, {"id": run_id, "status": "cancelled"}, position=outcome.position)


async def _retry(exchange: Exchange) -> Reply:
    body = await exchange.parse(Retrying, required=False)
    run_id = exchange.params["runId"]
    outcome = await retry_run(
        exchange.services, exchange.principal, run_id, at=exchange.now(), step_id=body.stepId
    )
    return exchange.answer(200, {"id": run_id, "status": "running"}, position=outcome.position)


async def _whole(exchange: Exchange) -> JsonObject:
    run = await exchange.services.views.run(exchange.tenant, exchange.params["runId"])
    if run is None:
        message = "Run not found"
        raise Refused("not_found", message)
    steps = await exchange.services.views.run_steps(exchange.tenant, run.id)
    return {
        **_run(run, await _slug(exchange, run.definition_id)),
        "input": run.input,
        "context": run.context,
        "steps": [_step(step) for step in steps],
    }


async def _slug(exchange: Exchange, definition_id: str) -> str | None:
    found = await exchange.services.views.definition(exchange.tenant, definition_id)
    return None if found is None else found.slug


def _run(run: Run, slug: str | None) -> JsonObject:
    shown = {
        "id": run.id,
        "definitionId": run.definition_id,
        "slug": slug,
        "version": run.definition_version,
        "status": run.status,
        "trigger": run.trigger,
        "metadata": run.metadata,
        "by": run.by,
        "currentStepId": run.current_step_id,
        "hasErrors": run.has_errors,
        "failure": _failure(run),
        "correlationId": run.correlation_id,
        "cancelReason": run.cancel_reason,
        "requestedAt": shown_time(run.requested_at),
        "startedAt": None if run.started_at is None else shown_time(run.started_at),
        "completedAt": None if run.completed_at is None else shown_time(run.completed_at),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _failure(run: Run) -> JsonObject | None:
    if run.failure_code is None:
        return None
    return {
        "code": run.failure_code,
        "message": run.failure_message,
        "stepId": run.failed_step,
    }


def _step(step: Step) -> JsonObject:
    """Return one record of the history, with the core's words for what Centrali has none for."""
    shown = {**shown_run_step(step), "status": step.status, "stepType": step.kind}
    if step.kind == "compute" and step.status == "succeeded":
        shown["output"] = step.output
    if step.warning is not None:
        shown["warning"] = step.warning
    return shown


_LIMIT = {"type": "integer", "default": 50, "minimum": 1, "maximum": MAX_LIMIT}
_ABSENT = {403: "The token lacks the scope", 404: "Not found"}
_CHANGE = {**_ABSENT, 400: "Invalid request body", 409: "The run is in no state for this"}

ROUTES = (
    Route(
        method="GET",
        path="/runs",
        handler=_list,
        scope=READ,
        summary="Runs of all definitions, the newest first",
        tag="Runs",
        response=RunsShown,
        query=(
            QueryParameter(name="definitionId", schema={"type": "string"}),
            QueryParameter(name="status", schema={"type": "string", "enum": list(STATUSES)}),
            QueryParameter(name="limit", schema=_LIMIT),
            QueryParameter(name="offset", schema={"type": "integer", "default": 0, "minimum": 0}),
        ),
        problems={400: "Invalid parameter", 403: _ABSENT[403]},
    ),
    Route(
        method="GET",
        path="/runs/{runId}",
        handler=_show,
        scope=READ,
        summary="A run with its steps",
        tag="Runs",
        response=RunShown,
        problems=_ABSENT,
    ),
    Route(
        method="POST",
        path="/runs/{runId}/cancel",
        handler=_cancel,
        scope=WRITE,
        summary="Stop a run",
        tag="Runs",
        request=Cancelling,
        request_required=False,
        problems=_CHANGE,
    ),
    Route(
        method="POST",
        path="/runs/{runId}/retry",
        handler=_retry,
        scope=WRITE,
        summary="Reopen a failed or cancelled run",
        tag="Runs",
        request=Retrying,
        request_required=False,
        problems=_CHANGE,
    ),
)
