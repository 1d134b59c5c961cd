"""Backtests over HTTP: start one for a definition, show it, and stop it."""

from typing import Final

from pydantic import BaseModel

from baton.command_api.backtest_jobs import Job, JobStatus
from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import MAX_OFFSET, Page, offset_page
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.backtests.render_report import (
    REPORT_EXAMPLE,
    BacktestReport,
    Subjects,
    render_report,
)
from baton.command_api.own.backtests.request import EXAMPLE, BacktestBody, read_request
from baton.command_api.own.definitions.load import load_by_reference
from baton.command_api.own.empty_body import Nothing
from baton.command_api.principal import READ, WRITE
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time

_MAX_LIMIT: Final = 100
"""Runs of a page. A run may show the values that its decision compared, up to 16 kB."""


class BacktestJob(BaseModel):
    """A backtest: `replayed` of the `total` runs so far; it has a report once it has ended.

    `status` is `queued`, `running`, `completed`, `failed` (with an `error`) or `stopped`. `total`
    is missing until the runs have been chosen.
    """

    id: str
    definitionId: str  # noqa: N815 - the names of the JSON
    status: JobStatus
    requestedAt: str  # noqa: N815
    endedAt: str | None = None  # noqa: N815
    replayed: int
    total: int | None = None
    error: str | None = None
    report: BacktestReport | None = None


async def _start(context: RequestContext) -> Reply:
    recorded = await load_by_reference(context, context.params["definition"])
    request = await read_request(context, recorded)
    job = context.services.backtests.start(context.new_id(), request)
    if job is None:
        raise Refused("conflict", "Another backtest of this tenant is under way")
    return context.reply(202, _head(job), headers={"Location": f"/backtests/{job.id}"})


async def _show(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=_MAX_LIMIT)
    return context.reply(200, _whole(_find(context), page))


async def _stop(context: RequestContext) -> Reply:
    await context.parse(Nothing, required=False)
    job = _find(context)
    await context.services.backtests.stop(job)
    return context.reply(200, _head(job))


def _find(context: RequestContext) -> Job:
    job = context.services.backtests.find(context.tenant, context.params["backtestId"])
    if job is None:
        raise Refused("not_found", "This server has no such backtest of the tenant, or dropped it")
    return job


def _head(job: Job) -> JsonObject:
    return without_none(
        {
            "id": job.id,
            "definitionId": job.request.selection.definition_id,
            "status": job.status,
            "requestedAt": format_time(job.requested_at),
            "endedAt": optional_time(job.ended_at),
            "replayed": job.report.runs,
            "total": job.total,
            "error": job.failure,
        }
    )


def _whole(job: Job, page: Page) -> JsonObject:
    shown = _head(job)
    if job.ended:
        subjects = Subjects(
            name=job.request.name,
            steps=len(job.request.candidate.graph.steps),
            against_id=job.request.selection.definition_id,
            against_slug=job.request.slug,
        )
        items = job.report.items[page.offset : page.offset + page.limit]
        shown["report"] = render_report(job.report, subjects, items)
    return shown


_JOB: Final[JsonObject] = {
    "id": "d3c0v1p6gtk2q1v9m5k0",
    "definitionId": "d3c0u1h6gtk2q1v9m4q0",
    "status": "queued",
    "requestedAt": "2026-01-05T09:00:00.000Z",
    "replayed": 0,
}
_ENDED: Final[JsonObject] = {
    **_JOB,
    "status": "completed",
    "endedAt": "2026-01-05T09:00:12.500Z",
    "replayed": 30_000,
    "total": 30_000,
    "report": REPORT_EXAMPLE,
}
_QUERY: Final = (
    QueryParameter(
        name="limit",
        schema={"type": "integer", "default": 50, "minimum": 1, "maximum": _MAX_LIMIT},
        description="Runs in the items of the report",
    ),
    QueryParameter(
        name="offset",
        schema={"type": "integer", "default": 0, "minimum": 0, "maximum": MAX_OFFSET},
        description="The first of them",
    ),
)
_NOT_FOUND: Final = "The tenant has no such backtest at this server, or no longer"

ROUTES = (
    Route(
        method="POST",
        path="/definitions/{definition}/backtests",
        handler=_start,
        scope=WRITE,
        summary="Try a changed definition on recorded runs; no function is called, nothing stored",
        operation_id="startBacktest",
        tag="Backtests",
        request=BacktestBody,
        request_example=EXAMPLE,
        response=BacktestJob,
        example=_JOB,
        status=202,
        problems={
            400: "The definition or another member isn't valid; `details` names every fault",
            403: "The token lacks the scope",
            404: "The tenant has no such definition",
            409: "Another backtest of the tenant is under way",
        },
    ),
    Route(
        method="GET",
        path="/backtests/{backtestId}",
        handler=_show,
        scope=READ,
        summary="Get a backtest: its progress, or its report once it has ended",
        operation_id="getBacktest",
        tag="Backtests",
        response=BacktestJob,
        example=_ENDED,
        query=_QUERY,
        problems={400: "Invalid parameter", 403: "The token lacks the scope", 404: _NOT_FOUND},
    ),
    Route(
        method="POST",
        path="/backtests/{backtestId}/stop",
        handler=_stop,
        scope=WRITE,
        summary="Stop a backtest; what it has found so far stays in its report",
        operation_id="stopBacktest",
        tag="Backtests",
        request=Nothing,
        request_required=False,
        response=BacktestJob,
        example={**_JOB, "status": "stopped", "endedAt": "2026-01-05T09:00:02.000Z"},
        problems={403: "The token lacks the scope", 404: _NOT_FOUND},
    ),
)
