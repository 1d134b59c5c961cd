"""GET /records/{recordId}/explain: the runs that a record event started, and why no others."""

from typing import Final, Literal

from pydantic import BaseModel

from baton.command_api.commands import ExplainedDefinition, explain_record
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.domain.record.matching import NotMatched


class ExplainedTrigger(BaseModel):
    """A definition as of the event, and the event's effect on it.

    `started` names the run. `pending` matches, but isn't recorded yet. `not_matched` says which
    `field` should be `wanted` and was `was`.
    """

    definitionId: str  # noqa: N815 - the names of the JSON
    slug: str
    outcome: Literal["started", "skipped", "pending", "not_matched"]
    runId: str | None = None  # noqa: N815
    reason: str | None = None
    field: str | None = None
    wanted: str | None = None
    was: str | None = None


class RecordExplanation(BaseModel):
    """Every definition of the tenant as of the event's position; `more` are not listed."""

    id: str
    position: int
    definitions: list[ExplainedTrigger]
    more: int


async def _explain(context: RequestContext) -> Reply:
    ident = context.params["recordId"]
    explanation = await explain_record(context.services, context.tenant, ident)
    body = {
        "id": ident,
        "position": explanation.position,
        "definitions": [_shown(explained) for explained in explanation.definitions],
        "more": explanation.more,
    }
    return context.reply(200, body)


def _shown(explained: ExplainedDefinition) -> JsonObject:
    of = {"definitionId": explained.definition_id, "slug": explained.slug}
    if explained.run_id is not None:
        return {**of, "outcome": "started", "runId": explained.run_id}
    missed = explained.match if isinstance(explained.match, NotMatched) else None
    why = {} if missed is None else {"field": missed.field, "wanted": missed.wanted}
    outcome = "pending" if missed is None else "not_matched"
    if explained.skipped is not None:
        outcome = "skipped"
    was = None if missed is None else missed.was
    return without_none({**of, "outcome": outcome, "reason": explained.skipped, **why, "was": was})


_EXAMPLE: Final[JsonObject] = {
    "id": "d3c0u7v6gtk2q1v9m4t0",
    "position": 81230,
    "definitions": [
        {
            "definitionId": "d3c0u7p6gtk2q1v9m4s0",
            "slug": "order-processing",
            "outcome": "not_matched",
            "field": "structure",
            "wanted": "orders",
            "was": "invoices",
        }
    ],
    "more": 0,
}

ROUTES = (
    Route(
        method="GET",
        path="/records/{recordId}/explain",
        handler=_explain,
        scope=READ,
        as_of=True,
        summary="Explain what a record event started, and why it started nothing else",
        operation_id="explainRecord",
        tag="Events",
        response=RecordExplanation,
        example=_EXAMPLE,
        problems={403: "The token lacks the scope", 404: "The tenant has no such record event"},
    ),
)
