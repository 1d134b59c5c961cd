"""GET /dead-letters and /dead-letters/{letterId}: the messages that could not be processed."""

import base64
from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import limit_parameter
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.http.query_parameters import integer
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.cursors import CURSOR, parse_cursor, render_cursor
from baton.command_api.own.dead_letters.visible import (
    SCANNED,
    VisibleLetter,
    load_letter,
    newest_letters,
)
from baton.command_api.principal import ADMIN
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time

MAX_LIMIT: Final = 100


class DeadLetter(BaseModel):
    """A message that could not be processed; `source` is its place, `topic/partition@offset`."""

    id: str
    topic: str
    source: str
    reason: str
    at: str
    redrivenAt: str | None = None  # noqa: N815 - the names of the JSON
    bytes: int = Field(description="Size of the message")


class Header(BaseModel):
    """A header of a message; its value is text, or base64 if it isn't UTF-8."""

    name: str
    value: str | None = None
    valueBase64: str | None = None  # noqa: N815


class WholeDeadLetter(DeadLetter):
    """A dead letter with its message: text, or base64 if it isn't UTF-8.

    Where `hidden` is true, the message names no tenant, and only the operator's tenant sees it.
    """

    hidden: bool
    key: str | None = None
    keyBase64: str | None = None  # noqa: N815
    value: str | None = None
    valueBase64: str | None = None  # noqa: N815
    headers: list[Header] | None = None


class DeadLetterPage(BaseModel):
    """Dead letters, the newest first; `next` continues after them as `cursor`.

    A page reads a limited number of letters, which tenants share: it may hold none and still have a
    `next`.
    """

    letters: list[DeadLetter]
    next: str | None = None


async def _list(context: RequestContext) -> Reply:
    limit = integer(context.query, "limit", 50, at_least=1, at_most=MAX_LIMIT)
    page = await newest_letters(
        context.services, context.tenant, parse_cursor(context.query), limit=limit
    )
    body = {
        "letters": [_summary(letter) for letter in page.letters],
        "next": None if page.reached is None else render_cursor(*page.reached),
    }
    return context.reply(200, without_none(body))


async def _show(context: RequestContext) -> Reply:
    seen = await load_letter(context.services, context.tenant, context.params["letterId"])
    content = _message(seen) if seen.open else {}
    return context.reply(200, {**_summary(seen), "hidden": not seen.open, **content})


def _summary(seen: VisibleLetter) -> JsonObject:
    letter = seen.letter
    return without_none(
        {
            "id": letter.letter_id,
            "topic": letter.topic,
            "source": letter.source,
            "reason": letter.reason,
            "at": format_time(letter.at),
            "redrivenAt": optional_time(letter.redriven_at),
            "bytes": len(letter.message.key or b"") + len(letter.message.value or b""),
        }
    )


def _message(seen: VisibleLetter) -> JsonObject:
    message = seen.letter.message
    headers = [{"name": name, **_content("value", value)} for name, value in message.headers]
    return {**_content("key", message.key), **_content("value", message.value), "headers": headers}


def _content(name: str, content: bytes | None) -> JsonObject:
    """Return bytes as a member of JSON: text, or base64 if they aren't UTF-8."""
    if content is None:
        return {}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}Base64": base64.b64encode(content).decode()}


EXAMPLE: Final[JsonObject] = {
    "id": "d3c0u7v6gtk2q1v9m4z0",
    "topic": "baton.records",
    "source": "baton.records/0@1204",
    "reason": "subject: must be '{recordSlug}/{recordId}'",
    "at": "2026-01-05T09:00:00.000Z",
    "bytes": 118,
}
PROBLEMS: Final = {
    403: "The token lacks the scope orchestrator:admin",
    404: "The tenant has no such dead letter",
}

ROUTES = (
    Route(
        method="GET",
        path="/dead-letters",
        handler=_list,
        scope=ADMIN,
        summary="List messages that could not be processed, the newest first",
        operation_id="listDeadLetters",
        tag="Events",
        response=DeadLetterPage,
        example={"letters": [EXAMPLE]},
        query=(
            QueryParameter(
                name=CURSOR,
                schema={"type": "string", "minLength": 1},
                description=f"The `next` of the page before; a page looks at {SCANNED} letters",
            ),
            limit_parameter(50, MAX_LIMIT),
        ),
        problems={400: "Invalid parameter", 403: PROBLEMS[403]},
    ),
    Route(
        method="GET",
        path="/dead-letters/{letterId}",
        handler=_show,
        scope=ADMIN,
        summary="Get a message that could not be processed, with its content",
        operation_id="getDeadLetter",
        tag="Events",
        response=WholeDeadLetter,
        example={**EXAMPLE, "hidden": False, "value": '{"specversion": "1.0"}', "headers": []},
        problems={400: "Invalid parameter", **PROBLEMS},
    ),
)
