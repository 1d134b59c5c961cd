"""GET /runs/{runId}/diff: how two runs differ, or one run at two positions."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.dialect.run_values import in_list
from baton.command_api.http.query_parameters import integer, single
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.runs.compared_run import ComparableRun, comparable
from baton.command_api.principal import READ
from baton.command_api.streaming.stream import MAX_POSITION
from baton.domain.errors import NotFound
from baton.domain.json import JsonObject, same_json
from baton.domain.json_patch import json_patch
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded

MAX_OPERATIONS: Final = 1_000


class ComparedRun(BaseModel):
    """A run, as of the position of its newest event that counts."""

    id: str
    position: int
    status: str


class FirstDifferentStep(BaseModel):
    """The first record in the histories of steps that differs; a side without it has none."""

    index: int = Field(description="Its place in the history, from 0")
    stepId: str  # noqa: N815 - the name of the JSON
    members: list[str] = Field(description="The members that differ")
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class RunDiff(BaseModel):
    """The differences of the run `after` from the run `before`.

    `patch` are the operations (RFC 6902) that turn `{version, status, failure, input, context,
    steps}` of one into that of the other, without ids and times; values over 4 KiB are left out.
    `more` operations aren't shown.
    """

    before: ComparedRun
    after: ComparedRun
    same: bool
    first: FirstDifferentStep | None = None
    patch: list[dict[str, Any]]
    more: int


async def _diff(context: RequestContext) -> Reply:
    query = context.query
    other = single(query, "with")
    if (other is None) == ("from" not in query and "to" not in query):
        message = "must be given, or else from and to"
        raise refused_field(f"with {message}", "with")
    events = await _events(context, context.params["runId"])
    if other is not None:
        before, after = comparable(events), comparable(await _events(context, other))
    else:
        first, last = events[0].position, events[-1].position
        begin = integer(query, "from", first, at_least=first, at_most=MAX_POSITION)
        end = integer(query, "to", last, at_least=first, at_most=MAX_POSITION)
        before, after = comparable(_until(events, begin)), comparable(_until(events, end))
    return context.reply(200, _compared(before, after))


async def _events(context: RequestContext, run_id: str) -> Sequence[Recorded]:
    """Return the events of a run; raises NotFound."""
    events = await context.services.store.read(stream_name(context.tenant, "run", run_id))
    if not events:
        raise NotFound("run", run_id)
    return events


def _until(events: Sequence[Recorded], position: int) -> Sequence[Recorded]:
    return [one for one in events if one.position <= position]


def _compared(before: ComparableRun, after: ComparableRun) -> JsonObject:
    patch = list(json_patch(before.document, after.document))
    shown = {
        "before": before.shown,
        "after": after.shown,
        "same": not patch,
        "first": _first(before.steps, after.steps),
        "patch": [_operation(one) for one in patch[:MAX_OPERATIONS]],
        "more": max(0, len(patch) - MAX_OPERATIONS),
    }
    return without_none(shown)


def _first(before: Sequence[JsonObject], after: Sequence[JsonObject]) -> JsonObject | None:
    """Return the first records that differ."""
    for index, (one, other) in enumerate(zip_longest(before, after)):
        if not same_json(one, other):
            left, right = one or {}, other or {}
            names = dict.fromkeys((*left, *right))
            members = [name for name in names if not _same_member(left, right, name)]
            return without_none(
                {
                    "index": index,
                    "stepId": left.get("stepId") or right.get("stepId"),
                    "members": members,
                    "before": _record(one),
                    "after": _record(other),
                }
            )
    return None


def _same_member(one: JsonObject, other: JsonObject, name: str) -> bool:
    return name in one and name in other and same_json(one[name], other[name])


def _record(record: JsonObject | None) -> JsonObject | None:
    return None if record is None else {name: in_list(value) for name, value in record.items()}


def _operation(operation: JsonObject) -> JsonObject:
    if "value" not in operation:
        return operation
    return {**operation, "value": in_list(operation["value"])}


_EXAMPLE: Final[JsonObject] = {
    "before": {"id": "d3c0u8h6gtk2q1v9m4tg", "position": 81230, "status": "failed"},
    "after": {"id": "d3c0uk1e6tk2q1v9m5f0", "position": 81260, "status": "completed"},
    "same": False,
    "first": {
        "index": 1,
        "stepId": "fulfill",
        "members": ["status", "error"],
        "before": {"stepId": "fulfill", "status": "failed"},
        "after": {"stepId": "fulfill", "status": "succeeded"},
    },
    "patch": [{"op": "replace", "path": "/status", "value": "completed"}],
    "more": 0,
}
_POSITION: Final = {"type": "integer", "minimum": 0, "maximum": MAX_POSITION}

ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}/diff",
        handler=_diff,
        scope=READ,
        as_of=True,
        summary="Compare two runs, or one run at two positions of the log",
        operation_id="diffRuns",
        tag="Runs",
        response=RunDiff,
        example=_EXAMPLE,
        query=(
            QueryParameter(
                name="with",
                schema={"type": "string", "minLength": 1},
                description="The id of the other run",
            ),
            QueryParameter(
                name="from",
                schema=_POSITION,
                description="The run as of this position; by default that of its first event",
            ),
            QueryParameter(
                name="to",
                schema=_POSITION,
                description="The run as of this position; by default that of its newest event",
            ),
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run",
        },
    ),
)
