"""Long polling for the end of a run: `Prefer: wait=SECONDS` (RFC 7240, 4.3).

The response shows the run once it has ended or the seconds have passed.
"""

import asyncio
from collections.abc import Awaitable, Callable

from baton.command_api.http.query_parameters import AS_OF
from baton.command_api.http.read_your_write import preferences
from baton.command_api.http.request_context import RequestContext
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import is_final

MAX_WAIT_S = 60
"""The longest wait; a request that asks for more waits this long."""


async def poll_until_settled(
    context: RequestContext, find: Callable[[], Awaitable[Run | None]]
) -> Run | None:
    """Return the run once it has ended or the preferred wait is over; None if there is no run.

    Args:
        context: The request, with its preference.
        find: Called again whenever the views have advanced; returns the run as the views hold it.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + preferred_wait_s(context)
    while True:
        seen = context.services.position()
        run = await find()
        left_ms = int((until - loop.time()) * 1_000)
        if run is None or left_ms <= 0 or is_final(run):
            return run
        await context.services.reached(seen + 1, left_ms)


def preferred_wait_s(context: RequestContext) -> int:
    """Return the preferred wait in seconds, at most MAX_WAIT_S; 0 without a valid preference.

    It is 0 with `asOf`, too: the state as of a position doesn't change.
    """
    if AS_OF in context.query:
        return 0
    for preference in preferences(context.request):
        name, _, value = preference.partition("=")
        if name.strip() == "wait" and value.strip().isdecimal():
            return min(int(value), MAX_WAIT_S)
    return 0
