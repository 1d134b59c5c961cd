"""GET /definitions/{definition}/explain: why an event or a tick started no run of a definition."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, Literal, cast

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.http.query_parameters import AS_OF
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.load import load_by_reference
from baton.command_api.own.explanations.definition_facts import facts_about
from baton.command_api.own.history.read_log import SCANNED, read_backwards
from baton.command_api.own.schedules.ticks import PastTick, render_ticks
from baton.command_api.principal import READ
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.explanation import Reason, explain
from baton.domain.definition.state import State
from baton.domain.ids import derived_id
from baton.domain.json import JsonObject
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.matching import NotMatched, match
from baton.domain.record.messages import RecordReceived
from baton.domain.stream import stream_name, stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.protocols.iso_time import format_time

TICKS: Final = 10
"""The newest ticks that an explanation shows."""
EVENTS: Final = 20
"""The newest record events that an explanation looks at."""


class DefinitionReason(BaseModel):
    """An event that a definition waits for, or a cause that keeps it from starting runs.

    Later releases may add codes.
    """

    code: str
    text: str
    dueAt: str | None = None  # noqa: N815 - the names of the JSON


class ExplainedEvent(BaseModel):
    """A record event, and its effect on the definition as of the event.

    `started` names the run. `pending` matches, but isn't recorded yet. `not_matched` says which
    `field` should be `wanted` and was `was`.
    """

    recordId: str = Field(description="Baton's own id of the event")  # noqa: N815
    type: str
    structure: str
    receivedAt: str  # noqa: N815
    outcome: Literal["started", "skipped", "pending", "not_matched"]
    runId: str | None = None  # noqa: N815
    reason: str | None = None
    field: str | None = None
    wanted: str | None = None
    was: str | None = None


class DefinitionExplanation(BaseModel):
    """Why a definition starts runs or doesn't.

    As of a position, `because` has nothing about schedulers, executors and limits.
    """

    id: str
    slug: str
    status: str
    because: list[DefinitionReason]
    ticks: list[PastTick] = Field(description=f"The newest {TICKS} ticks of its timetables")
    events: list[ExplainedEvent] = Field(
        description=f"The newest {EVENTS} record events among the last {SCANNED} positions"
    )


async def _explain(context: RequestContext) -> Reply:
    services = context.services
    definition = await load_by_reference(context, context.params["definition"])
    schedule = await services.schedules.get(context.tenant, definition.definition_id)
    last = None if schedule is None else schedule.last_nominal
    reasons = explain(definition, last=last, now=context.now())
    facts: Sequence[Reason] = ()
    if AS_OF not in context.query:
        facts = [one async for one in facts_about(services, definition, reasons)]
    body = {
        "id": definition.definition_id,
        "slug": definition.slug,
        "status": definition.body.status,
        "because": [_reason(one) for one in (*reasons, *facts)],
        "ticks": await _ticks(context, definition),
        "events": [one async for one in _events(context, definition)],
    }
    return context.reply(200, body)


def _reason(reason: Reason) -> JsonObject:
    return without_none(
        {"code": reason.code, "text": reason.text, "dueAt": optional_time(reason.due_at)}
    )


async def _ticks(context: RequestContext, definition: State) -> list[JsonObject]:
    stream = stream_name(context.tenant, "schedule", definition.definition_id)
    recorded = await context.services.store.read(stream)
    return list(render_ticks(recorded[-TICKS:]))


async def _events(context: RequestContext, definition: State) -> AsyncIterator[JsonObject]:
    store, tenant = context.services.store, context.tenant
    top = await store.head() + 1
    found = await read_backwards(store, tenant, (RecordReceived,), before=top, limit=EVENTS)
    history = await store.read(stream_name(tenant, "definition", definition.definition_id))
    for recorded in found.events:
        then = DEFINITION.fold(one.event for one in history if one.position < recorded.position)
        if then.version and not then.deleted:
            yield await _event(context, recorded, then)


async def _event(context: RequestContext, recorded: Recorded, then: State) -> JsonObject:
    event = cast("RecordReceived", recorded.event)
    considered = RECORD.fold(
        one.event for one in await context.services.store.read(recorded.stream)
    ).considered
    skipped = dict(considered.skipped) if considered else {}
    reason, ident = skipped.get(then.definition_id), stream_parts(recorded.stream).id
    run_id = derived_id(then.definition_id, ident)
    missed = match(then.body, event.type, event.structure)
    shown: JsonObject = {
        "recordId": ident,
        "type": event.type,
        "structure": event.structure,
        "receivedAt": format_time(event.at),
    }
    if await context.services.runs.get(context.tenant, run_id) is not None:
        return {**shown, "outcome": "started", "runId": run_id}
    if isinstance(missed, NotMatched):
        why = {"field": missed.field, "wanted": missed.wanted, "was": missed.was}
        outcome = "not_matched" if reason is None else "skipped"
        return without_none({**shown, "outcome": outcome, "reason": reason, **why})
    outcome = "pending" if reason is None else "skipped"
    return without_none({**shown, "outcome": outcome, "reason": reason})


_EXAMPLE: Final[JsonObject] = {
    "id": "d3c0u7p6gtk2q1v9m4s0",
    "slug": "order-processing",
    "status": "active",
    "because": [{"code": "EVENT", "text": "It waits for events of type record.created"}],
    "ticks": [],
    "events": [
        {
            "recordId": "d3c0u7v6gtk2q1v9m4t0",
            "type": "record.updated",
            "structure": "orders",
            "receivedAt": "2026-01-05T09:00:00.004Z",
            "outcome": "not_matched",
            "field": "type",
            "wanted": "record.created",
            "was": "record.updated",
        }
    ],
}

ROUTES = (
    Route(
        method="GET",
        path="/definitions/{definition}/explain",
        handler=_explain,
        scope=READ,
        as_of=True,
        summary="Explain why events and ticks started runs of a definition or didn't",
        operation_id="explainDefinition",
        tag="Definitions",
        response=DefinitionExplanation,
        example=_EXAMPLE,
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such definition",
        },
    ),
)
