"""Read your own write: a command's answer goes out once the views hold what it did.

The wait is bounded: when the views are late the answer goes out with a `Warning` header. `Prefer:
respond-async` (RFC 7240) skips the wait. Every answer says its place in the log
(`Baton-Position`): a command's that of its effect, a query's what the views held before it read.
"""

from aiohttp import web

from baton.command_api.http.reply import Reply
from baton.command_api.services import Services

POSITION = "Baton-Position"
WAIT_MS = 5_000


async def respond(
    request: web.Request, reply: Reply, services: Services, seen: int
) -> web.Response:
    """Return the response to `reply`; `seen` is the views' position before the handler ran."""
    if reply.position is None:
        return reply.to_response((POSITION, str(seen)))
    place = (POSITION, str(reply.position))
    if not reply.position or "respond-async" in preferences(request):
        return reply.to_response(place)
    if await services.reached(reply.position, WAIT_MS):
        return reply.to_response(place)
    late = f'199 baton "Queries may not show position {reply.position} yet"'
    return reply.to_response(place, ("Warning", late))


def preferences(request: web.Request) -> list[str]:
    """Return what the request prefers (RFC 7240), in lower case and without parameters."""
    return [
        preference.partition(";")[0].strip().lower()
        for value in request.headers.getall("Prefer", [])
        for preference in value.split(",")
    ]
