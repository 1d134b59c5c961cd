"""GET /definitions/{definition}/stats: how the runs of a definition end, and how long they take.

The counts are exact. Durations come from a sample, the newest runs of the window that have ended.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.load import load_by_reference
from baton.command_api.own.runs.render_run import STATUSES
from baton.command_api.own.statistics.windows import read_window
from baton.command_api.principal import READ
from baton.domain.definition.state import State as Definition
from baton.domain.json import JsonObject
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.queries import RunFilter
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status
from baton.protocols.iso_time import format_time

SAMPLED_RUNS: Final = 200
SAMPLED_STEPS: Final = 20
"""Runs of the sample whose steps are read."""
_DAY_MS: Final = 86_400_000
_FINAL: Final[tuple[Status, ...]] = ("completed", "failed", "cancelled")


class Durations(BaseModel):
    """Durations in ms of `count` measurements: the median, and the 95th percentile."""

    count: int
    p50: int
    p95: int


class StepStats(BaseModel):
    """The attempts at a step in the sample."""

    id: str
    attempts: int
    failed: int
    duration: Durations | None = None


class DefinitionStats(BaseModel):
    """The runs of a definition that were requested since `since`."""

    since: str
    runs: dict[Status, int]
    total: int
    failureRate: float | None = None  # noqa: N815 - the names of the JSON
    duration: Durations | None = None
    steps: list[StepStats]
    sampledRuns: int  # noqa: N815


async def _show(context: RequestContext) -> Reply:
    window = read_window(context.query, context.now(), default_ms=_DAY_MS)
    definition = await load_by_reference(context, context.params["definition"])
    runs, since = context.services.runs, (window.start, None)
    ident = definition.definition_id
    counts = {
        status: await runs.count(
            context.tenant,
            RunFilter(definition_id=ident, statuses=(status,), requested=since),
        )
        for status in STATUSES
    }
    run_filter = RunFilter(definition_id=ident, statuses=_FINAL, requested=since)
    ended = await runs.matching(context.tenant, run_filter, None, limit=SAMPLED_RUNS)
    body = {"since": format_time(window.start), "runs": counts, "total": sum(counts.values())}
    finished = counts["completed"] + counts["failed"]
    if finished:
        body["failureRate"] = round(counts["failed"] / finished, 4)
    duration = _durations(_length(run.started_at, run.completed_at) for run in ended)
    if duration is not None:
        body["duration"] = duration
    steps = await _steps(context, ended[:SAMPLED_STEPS], definition)
    return context.reply(200, {**body, "steps": steps, "sampledRuns": len(ended)})


async def _steps(
    context: RequestContext, sample: Sequence[Run], definition: Definition
) -> list[JsonObject]:
    """Return the statistics of the steps of the version in force, in their order."""
    by_step: dict[str, list[Step]] = {step.id: [] for step in definition.body.graph.steps}
    for run in sample:
        for step in await context.services.run_steps.of_run(context.tenant, run.id):
            if step.step_id in by_step:
                by_step[step.step_id].append(step)
    return [_of_step(ident, records) for ident, records in by_step.items()]


def _of_step(ident: str, records: Sequence[Step]) -> JsonObject:
    shown: JsonObject = {
        "id": ident,
        "attempts": len(records),
        "failed": sum(record.status == "failed" for record in records),
    }
    duration = _durations(_length(record.started_at, record.completed_at) for record in records)
    return shown if duration is None else {**shown, "duration": duration}


def _length(started_at: int | None, completed_at: int | None) -> int | None:
    return None if started_at is None or completed_at is None else completed_at - started_at


def _durations(lengths: Iterable[int | None]) -> JsonObject | None:
    known = sorted(length for length in lengths if length is not None)
    if not known:
        return None
    return {
        "count": len(known),
        "p50": known[(len(known) - 1) // 2],
        "p95": known[(len(known) * 95 + 99) // 100 - 1],
    }


_EXAMPLE: Final[JsonObject] = {
    "since": "2026-01-04T09:00:00.000Z",
    "runs": {
        "pending": 0,
        "running": 1,
        "waiting": 0,
        "paused": 0,
        "completed": 120,
        "failed": 2,
        "cancelled": 0,
    },
    "total": 123,
    "failureRate": 0.0164,
    "duration": {"count": 122, "p50": 840, "p95": 2100},
    "steps": [
        {
            "id": "validate",
            "attempts": 21,
            "failed": 1,
            "duration": {"count": 21, "p50": 12, "p95": 40},
        }
    ],
    "sampledRuns": 122,
}

ROUTES = (
    Route(
        method="GET",
        path="/definitions/{definition}/stats",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get how the runs of a definition ended lately, and how long they took",
        operation_id="getDefinitionStats",
        tag="Statistics",
        response=DefinitionStats,
        example=_EXAMPLE,
        query=(
            QueryParameter(
                name="window",
                schema={"type": "string", "default": "1d"},
                description="The length of time up to now in which the runs were requested",
            ),
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such definition",
        },
    ),
)
