"""GET /audit/tree-heads: signed heads of the tree over the stored events."""

from typing import Final

from pydantic import BaseModel

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.http.query_parameters import integer
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.eventlog.notary.remote_anchors import head_document

TEXT: Final = "text/plain; charset=utf-8"
MAX_LIMIT: Final = 500
MAX_SIZE: Final = 2**31
NO_HEAD: Final = "No event is sealed yet; see BATON_NOTARY and BATON_AUDIT_KEY"


class TreeHeadShown(BaseModel):
    """A signed head: the tree over the first `size` events, up to `position`."""

    size: int
    root: str
    position: int
    time: str
    note: str


class TreeHeadPage(BaseModel):
    """Heads, the smallest first; `next` is the `after` of the next page, if there is one.

    `newest` is missing while nothing is sealed.
    """

    heads: list[TreeHeadShown]
    newest: TreeHeadShown | None = None
    next: int | None = None


async def _latest(context: RequestContext) -> Reply:
    head = await context.services.leaves.head()
    if head is None:
        raise Refused("not_found", NO_HEAD)
    return Reply(status=200, body=head.note, content_type=TEXT)


async def _list(context: RequestContext) -> Reply:
    limit = integer(context.query, "limit", 50, at_least=1, at_most=MAX_LIMIT)
    after = integer(context.query, "after", 0, at_least=0, at_most=MAX_SIZE)
    heads = await context.services.leaves.heads(after=after, limit=limit + 1)
    body: JsonObject = {"heads": [head_document(head) for head in heads[:limit]]}
    newest = await context.services.leaves.head()
    if newest is not None:
        body["newest"] = head_document(newest)
    if len(heads) > limit:
        body["next"] = heads[limit - 1].size
    return context.reply(200, body)


ROUTES = (
    Route(
        method="GET",
        path="/audit/tree-heads/latest",
        handler=_latest,
        operation_id="latestTreeHead",
        scope=READ,
        summary="Get the newest signed head of the log, as a note (C2SP tlog-checkpoint)",
        tag="Audit",
        problems={403: "The token lacks the scope", 404: "No event is sealed yet"},
        content={"text/plain": {"type": "string"}},
    ),
    Route(
        method="GET",
        path="/audit/tree-heads",
        handler=_list,
        operation_id="listTreeHeads",
        scope=READ,
        summary="List signed heads of the log, the smallest first",
        tag="Audit",
        response=TreeHeadPage,
        query=(
            QueryParameter(
                name="after",
                schema={"type": "integer", "default": 0, "minimum": 0, "maximum": MAX_SIZE},
                description="Only heads of more leaves",
            ),
            limit_parameter(50, MAX_LIMIT),
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope"},
    ),
)
