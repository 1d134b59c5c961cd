"""GET /runs/{runId}/timeline: when each step of a run ran and waited, without its data."""

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_run
from baton.command_api.dialect.paging import OFFSET_PARAMETER, limit_parameter, offset_page
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.run_steps.view import Status
from baton.protocols.iso_time import format_time

MAX_LIMIT: Final = 100_000
"""Rows that one answer shows at most, and without a limit."""


class TimelineWait(BaseModel):
    """A time in which a row waited; `until` is when it ends, or ended."""

    model_config = ConfigDict(serialize_by_alias=True)

    why: Literal["backoff", "delay"]
    start: str | None = Field(default=None, alias="from")
    until: str


class TimelineRow(BaseModel):
    """One attempt, decision, delay or join; `waits` is missing where it never waited."""

    executionId: str  # noqa: N815 - the names of the JSON
    stepId: str  # noqa: N815
    visit: int
    attempt: int
    kind: str
    status: Status
    startedAt: str | None = None  # noqa: N815
    endedAt: str | None = None  # noqa: N815
    copied: bool | None = None
    waits: list[TimelineWait] | None = None


class Timeline(BaseModel):
    """Rows of a run in the order of their beginnings, as of a position of the log.

    `total` is the number of all rows. New rows are added at the end, so an offset stays valid.
    """

    rows: list[TimelineRow]
    total: int
    position: int


async def _show(context: RequestContext) -> Reply:
    query = context.query
    page = offset_page(query, max_limit=MAX_LIMIT, default_limit=MAX_LIMIT)
    run = await load_run(context, context.params["runId"])
    steps = await context.services.run_steps.of_run(context.tenant, run.id)
    ended: dict[tuple[str, int, int], int | None] = {
        (step.step_id, step.visit, step.attempt): step.completed_at for step in steps
    }
    rows = [
        _row(step, ended.get((step.step_id, step.visit, step.attempt - 1)))
        for step in steps[page.offset : page.offset + page.limit]
    ]
    return context.reply(200, {"rows": rows, "total": len(steps), "position": run.position})


def _row(step: Step, failed_at: int | None) -> JsonObject:
    return without_none(
        {
            "executionId": step.execution_id,
            "stepId": step.step_id,
            "visit": step.visit,
            "attempt": step.attempt,
            "kind": step.kind,
            "status": step.status,
            "startedAt": optional_time(step.started_at),
            "endedAt": optional_time(step.completed_at),
            "copied": True if step.cause == "copy" else None,
            "waits": _waits(step, failed_at) or None,
        }
    )


def _waits(step: Step, failed_at: int | None) -> Sequence[JsonObject]:
    """Return the waits of a record; an attempt may have waited since the previous one failed."""
    if step.resume_at is None:
        return ()
    why, began = ("delay", step.started_at) if step.kind == "delay" else ("backoff", failed_at)
    until = format_time(step.resumed_at or step.resume_at)
    return (without_none({"why": why, "from": optional_time(began), "until": until}),)


_EXAMPLE: Final[JsonObject] = {
    "rows": [
        {
            "executionId": "d3c0u8h6gtk2q1v9m4tg.validate.1.1",
            "stepId": "validate",
            "visit": 1,
            "attempt": 1,
            "kind": "compute",
            "status": "failed",
            "startedAt": "2026-01-05T09:00:00.010Z",
            "endedAt": "2026-01-05T09:00:00.250Z",
        },
        {
            "executionId": "d3c0u8h6gtk2q1v9m4tg.validate.1.2",
            "stepId": "validate",
            "visit": 1,
            "attempt": 2,
            "kind": "compute",
            "status": "waiting",
            "waits": [
                {
                    "why": "backoff",
                    "from": "2026-01-05T09:00:00.250Z",
                    "until": "2026-01-05T09:00:00.410Z",
                }
            ],
        },
    ],
    "total": 2,
    "position": 81234,
}

ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}/timeline",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get when each step of a run ran and waited, without its data",
        operation_id="getRunTimeline",
        tag="Runs",
        response=Timeline,
        example=_EXAMPLE,
        query=(
            limit_parameter(MAX_LIMIT, MAX_LIMIT),
            OFFSET_PARAMETER,
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run",
        },
    ),
)
