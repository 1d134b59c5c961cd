"""GET /audit/runs/{runId}: who did what when in one run, and the state it led to."""

import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import AS_OF, instant, integer, single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.audit.run_history import Until, history, state_of
from baton.command_api.principal import READ
from baton.command_api.streaming.stream import MAX_POSITION
from baton.domain.errors import NotFound
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Stored

MAX_LIMIT: Final = 10_000
MAX_VERSION: Final = 999_999_999
_POSITION: Final = re.compile(r"[0-9]+", re.ASCII)


class AuditedEvent(BaseModel):
    """An event of a run; `leaf` commits to it and to every event of the run before it."""

    position: int
    version: int
    at: str
    actor: str | None = Field(default=None, description="Missing for what the engine did by itself")
    type: str
    about: str
    leaf: str


class AuditedRun(BaseModel):
    """The events of a run and the state that all of them lead to.

    `next` continues behind the events as `after`. A signed head covers the log up to `sealedUpTo`,
    which is missing with `asOf`: the log is sealed later than events are stored.
    """

    id: str
    stream: str
    sealed_up_to: int | None = Field(default=None, alias="sealedUpTo")
    events: list[AuditedEvent]
    state: dict[str, Any]
    next: int | None = None


async def _show(context: RequestContext) -> Reply:
    query, run_id = context.query, context.params["runId"]
    after = integer(query, "after", 0, at_least=0, at_most=MAX_VERSION)
    limit = integer(query, "limit", 1_000, at_least=1, at_most=MAX_LIMIT)
    stream = stream_name(context.tenant, "run", run_id)
    entries = history(await _events(context, stream), _until(context))
    if not entries:
        raise NotFound("run", run_id)
    rest = entries[after:]
    body = {
        "id": run_id,
        "stream": stream,
        "sealedUpTo": await _sealed_up_to(context),
        "events": [without_none(one.document) for one in rest[:limit]],
        "state": state_of(entries),
        "next": after + limit if len(rest) > limit else None,
    }
    return context.reply(200, without_none(body))


async def _events(context: RequestContext, stream: str) -> Sequence[Stored]:
    events = await context.services.leaves.stream(stream)
    if AS_OF not in context.query:
        return events
    return [one for one in events if one.position <= context.services.position()]


async def _sealed_up_to(context: RequestContext) -> int | None:
    if AS_OF in context.query:
        return None
    head = await context.services.leaves.head()
    return 0 if head is None else head.position


def _until(context: RequestContext) -> Until:
    """Return the end of the history that the query asks for; raises Refused 400."""
    text = single(context.query, "at")
    if text is None:
        return Until()
    if _POSITION.fullmatch(text):
        return Until(position=integer(context.query, "at", 0, at_least=0, at_most=MAX_POSITION))
    return Until(at=instant(context.query, "at"))


ROUTES = (
    Route(
        method="GET",
        path="/audit/runs/{runId}",
        handler=_show,
        operation_id="auditRun",
        scope=READ,
        as_of=True,
        summary="Get who did what when in a run, with the leaf of each event, and its state",
        tag="Audit",
        response=AuditedRun,
        example={
            "id": "d3c0u8h6gtk2q1v9m4tg",
            "stream": "demo/run/d3c0u8h6gtk2q1v9m4tg",
            "sealedUpTo": 81240,
            "events": [
                {
                    "position": 81230,
                    "version": 1,
                    "at": "2026-01-05T09:00:00.000Z",
                    "actor": "ada (token)",
                    "type": "RunRequested",
                    "about": "definition id d3c0u8h6gtk2q1v9m4t0, version 1",
                    "leaf": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                }
            ],
            "state": {"status": "pending"},
        },
        query=(
            QueryParameter(
                name="at",
                schema={"type": "string"},
                description="The history and the state as of a position, or of an RFC 3339 time",
            ),
            QueryParameter(
                name="after",
                schema={"type": "integer", "default": 0, "minimum": 0, "maximum": MAX_VERSION},
                description="Only events with a higher version",
            ),
            limit_parameter(1000, MAX_LIMIT),
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such run, or had none at that time",
        },
    ),
)
