"""Read your own writes: the response to a command is sent once the views hold its effect.

The wait is bounded: if the views are late, the response carries a `Warning` header. `Prefer:
respond-async` (RFC 7240) skips the wait. A response to a caller with a token has a `Baton-Position`
header: after a command it is the position of its effect, after a query the position that the views
held before the query.
"""

import re
from typing import Final

from aiohttp import web

from baton.command_api.http.reply import Reply
from baton.command_api.services import Services

POSITION = "Baton-Position"
_LATE = '199 baton "Queries may not show this yet"'
WAIT_MS = 5_000
"""The time that a response waits for the views, in ms."""
_BETWEEN_COMMAS: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_QUOTE: Final = '"'


async def respond(
    request: web.Request, reply: Reply, services: Services, seen: int | None
) -> web.Response:
    """Return the response for `reply`.

    Args:
        seen: The views' position before the handler ran; None for a caller without a token, who
            is shown no position.
    """
    if reply.position is None:
        return reply.to_response() if seen is None else reply.to_response((POSITION, str(seen)))
    shown = () if seen is None else ((POSITION, str(reply.position)),)
    if not reply.position or "respond-async" in preferences(request):
        return reply.to_response(*shown)
    if await services.reached(reply.position, WAIT_MS):
        return reply.to_response(*shown)
    late = f'199 baton "Queries may not show position {reply.position} yet"'
    return reply.to_response(*shown, ("Warning", late if shown else _LATE))


def preferences(request: web.Request) -> list[str]:
    """Return the preferences of the request (RFC 7240) as `name` or `name=value`, in lower case.

    Parameters are left out, and so are the quotes and blanks around a value.
    """
    if "Prefer" not in request.headers:
        return []
    return [
        _preference(preference)
        for value in request.headers.getall("Prefer")
        for preference in _BETWEEN_COMMAS.findall(value)
    ]


def _preference(text: str) -> str:
    name, equals, value = text.partition(";")[0].lower().partition("=")
    return name.strip() + (equals and f"={value.strip().strip(_QUOTE)}")
