"""GET /audit/log: the actions in a tenant with their actors, newest first; for administrators."""

from typing import Any, Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import choices, instant, integer, single
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.audit.actions import ACTIONS, Wanted, end_of, read_actions
from baton.command_api.own.cursors import CURSOR_PARAMETER, parse_cursor, render_cursor
from baton.command_api.principal import ADMIN
from baton.domain.actor import Actor
from baton.domain.json import JsonObject
from baton.domain.stream import stream_parts
from baton.eventlog.events.codec import topic_of
from baton.eventlog.events.envelope import Recorded
from baton.protocols.iso_time import format_time

MAX_LIMIT: Final = 500


class ActionShown(BaseModel):
    """An action: its event, the subject that acted, and how the subject was identified.

    Refused requests of one subject are counted for a minute: `count` of them since `since`.
    `claimed` is the name that a refused sign-in named.
    """

    position: int
    at: str
    action: str = Field(description="The type of the event")
    kind: str = Field(description="The kind of the stream that the event belongs to")
    id: str
    subject: str | None = None
    method: str | None = None
    key_id: str | None = Field(default=None, alias="keyId")
    claimed: str | None = None
    reason: str | None = None
    route: str | None = None
    count: int | None = None
    since: str | None = None
    address: str | None = None
    user_agent: str | None = Field(default=None, alias="userAgent")


class ActionPageShown(BaseModel):
    """Actions; `next` is the `cursor` of the next page.

    A page reads a limited part of the log: it may hold no action and still not be the last one. The
    last page has no `next`.
    """

    actions: list[ActionShown]
    next: str | None = None


async def _show(context: RequestContext) -> Reply:
    query = context.query
    limit = integer(query, "limit", 100, at_least=1, at_most=MAX_LIMIT)
    wanted = Wanted(
        tenant=context.tenant,
        actions=frozenset(choices(query, "action", ACTIONS) or ACTIONS),
        subject=single(query, "subject"),
        since=instant(query, "from"),
        until=instant(query, "to"),
    )
    cursor, leaves = parse_cursor(query), context.services.leaves
    before = cursor[0] if cursor else await _end(context, wanted.until)
    page = await read_actions(leaves, wanted, before=max(1, before), limit=limit)
    body = {
        "actions": [_shown(action) for action in page.actions],
        "next": None if page.before is None else render_cursor(page.before, "action"),
    }
    return context.reply(200, without_none(body))


async def _end(context: RequestContext, until: int | None) -> int:
    """Return the position in front of which the first page begins."""
    leaves = context.services.leaves
    end = None if until is None else await end_of(leaves, until)
    return await leaves.newest() + 1 if end is None else end


def _shown(recorded: Recorded) -> JsonObject:
    event: Any = recorded.event
    _, kind, ident = stream_parts(recorded.stream)
    actor: Actor | None = event.actor
    return without_none(
        {
            "position": recorded.position,
            "at": format_time(event.at),
            "action": topic_of(event),
            "kind": kind,
            "id": ident,
            **({} if actor is None else _named(actor)),
            **(_access(event) if kind == "access" else {}),
        }
    )


def _named(actor: Actor) -> JsonObject:
    return {"subject": actor.subject, "method": actor.method, "keyId": actor.key_id}


def _access(event: Any) -> JsonObject:
    since = getattr(event, "since", None)
    return {
        "claimed": getattr(event, "claimed", None) or None,
        "reason": getattr(event, "reason", None),
        "route": getattr(event, "route", None),
        "count": getattr(event, "count", None),
        "since": None if since is None else format_time(since),
        "address": event.origin.address,
        "userAgent": event.origin.user_agent,
    }


ROUTES = (
    Route(
        method="GET",
        path="/audit/log",
        handler=_show,
        operation_id="listActions",
        scope=ADMIN,
        summary="List who did what in the tenant, the newest action first",
        tag="Audit",
        response=ActionPageShown,
        example={
            "actions": [
                {
                    "position": 81234,
                    "at": "2026-01-05T09:00:00.250Z",
                    "action": "run.RunCancelled",
                    "kind": "run",
                    "id": "d3c0u8h6gtk2q1v9m4tg",
                    "subject": "ada",
                    "method": "token",
                }
            ],
            "next": "WzgxMjM0LCJhY3Rpb24iXQ",
        },
        query=(
            QueryParameter(
                name="subject",
                schema={"type": "string"},
                description="Only actions of this subject, and refused sign-ins under this name",
            ),
            QueryParameter(
                name="action",
                schema={"type": "array", "items": {"type": "string", "enum": list(ACTIONS)}},
                description="Only events of these types",
            ),
            QueryParameter(
                name="from",
                schema={"type": "string", "format": "date-time"},
                description="Only actions at this time or later",
            ),
            QueryParameter(
                name="to",
                schema={"type": "string", "format": "date-time"},
                description="Only actions before this time",
            ),
            CURSOR_PARAMETER,
            limit_parameter(100, MAX_LIMIT),
        ),
        problems={400: "Invalid parameter", 403: "The token lacks the scope orchestrator:admin"},
    ),
)
