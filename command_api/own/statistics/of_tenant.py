"""GET /stats: how many runs there are by status, and how many were requested when."""

from typing import Final

from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.runs.render_run import STATUSES
from baton.command_api.own.statistics.windows import read_window
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.projector.views.runs.queries import RunFilter
from baton.projector.views.runs.view import Status
from baton.protocols.iso_time import format_time

_HOUR_MS: Final = 3_600_000


class Bucket(BaseModel):
    """The runs that were requested from `start` on and before the next bucket."""

    start: str
    requested: int
    failed: int


class Stats(BaseModel):
    """All runs of a tenant by their status now, its definitions, and a window of its past.

    `at` is the time that counts as now: as of a position, the greatest time of any event up to it.
    """

    at: str
    runs: dict[Status, int]
    definitions: int
    window: list[Bucket]


async def _show(context: RequestContext) -> Reply:
    window = read_window(context.query, context.now(), default_ms=_HOUR_MS)
    runs, tenant = context.services.runs, context.tenant
    _, definitions = await context.services.definitions.page(tenant, limit=1)
    buckets = [await _bucket(context, start, end) for start, end in window.buckets()]
    by_status = {
        status: await runs.count(tenant, RunFilter(statuses=(status,))) for status in STATUSES
    }
    shown = {"runs": by_status, "definitions": definitions, "window": buckets}
    return context.reply(200, {"at": format_time(context.now()), **shown})


async def _bucket(context: RequestContext, start: int, end: int) -> JsonObject:
    runs, requested = context.services.runs, (start, end - 1)
    count = await runs.count(context.tenant, RunFilter(requested=requested))
    failed = 0
    if count:
        of_failed = RunFilter(requested=requested, statuses=("failed",))
        failed = await runs.count(context.tenant, of_failed)
    return {"start": format_time(start), "requested": count, "failed": failed}


ROUTES = (
    Route(
        method="GET",
        path="/stats",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get the numbers of runs by status, and of those requested in a window of time",
        operation_id="getStats",
        tag="Statistics",
        response=Stats,
        example={
            "at": "2026-01-05T09:00:07.250Z",
            "runs": {
                "pending": 0,
                "running": 2,
                "waiting": 1,
                "paused": 0,
                "completed": 1204,
                "failed": 3,
                "cancelled": 0,
            },
            "definitions": 4,
            "window": [{"start": "2026-01-05T09:00:00.000Z", "requested": 12, "failed": 0}],
        },
        query=(
            QueryParameter(
                name="window",
                schema={"type": "string", "default": "1h"},
                description="The length of time up to now",
            ),
            QueryParameter(
                name="bucket",
                schema={"type": "string"},
                description="The length of one bucket; by default a 60th of the window",
            ),
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope"},
    ),
)
