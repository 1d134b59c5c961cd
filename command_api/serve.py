"""Serves the application on a socket, with limits that bound the cost of a slow client."""

from dataclasses import dataclass

from aiohttp import web

from baton.command_api.http import log_filter

KEEPALIVE_S = 75.0
"""Seconds that an idle connection stays open, and that a request's headers may take to arrive.

aiohttp has no other deadline for the headers.
"""

LINGERING_S = 2.0
"""Seconds for which the rest of a refused body is read, so that its sender gets the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server; `port` is the actual one if 0 was requested."""

    host: str
    port: int
    runner: web.AppRunner

    async def close(self) -> None:
        """Stop accepting requests, let running ones finish within 10 s, and close."""
        await self.runner.cleanup()


async def serve(app: web.Application, *, host: str = "127.0.0.1", port: int = 8080) -> Server:
    """Start to listen and return the server; raises OSError if the address is in use."""
    log_filter.install()
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=KEEPALIVE_S,
        lingering_time=LINGERING_S,
        handler_cancellation=False,
        handle_signals=False,
        shutdown_timeout=10.0,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=1024)
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    return Server(host=host, port=int(runner.addresses[0][1]), runner=runner)
