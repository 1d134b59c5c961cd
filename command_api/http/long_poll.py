"""Waiting for the end of a run: `Prefer: wait=SECONDS` (RFC 7240, 4.3) on a query of that run.

The answer goes out when the run is over or the time is, whichever comes first, and shows the run as
it is then. One request takes the place of many.
"""

import asyncio
from collections.abc import Awaitable, Callable

from baton.command_api.http.read_your_write import preferences
from baton.command_api.http.request_context import RequestContext
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import is_final

LONGEST_WAIT_S = 60


async def poll_until_settled(
    context: RequestContext, find: Callable[[], Awaitable[Run | None]]
) -> Run | None:
    """Return what `find` finds, after the wait that the request prefers."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _wait_s(context)
    while True:
        seen = context.services.position()
        run = await find()
        left_ms = int((until - loop.time()) * 1_000)
        if run is None or left_ms <= 0 or is_final(run):
            return run
        await context.services.reached(seen + 1, left_ms)


def _wait_s(context: RequestContext) -> int:
    """Return the seconds asked for, at most LONGEST_WAIT_S; what is no number is no preference."""
    for preference in preferences(context.request):
        name, _, value = preference.partition("=")
        if name.strip() == "wait" and value.strip().isdecimal():
            return min(int(value), LONGEST_WAIT_S)
    return 0
