"""Runs the application on a socket, with the limits that keep a slow or rude client cheap."""

from dataclasses import dataclass

from aiohttp import web

from baton.command_api.http import log_filter

KEEPALIVE_S = 75.0
"""Also how long a request's head may take: aiohttp has no other deadline for it."""

LINGERING_S = 2.0
"""How long what is left of a refused body is read, so that its sender sees the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server; `port` is the one it got when 0 was asked for."""

    host: str
    port: int
    runner: web.AppRunner

    async def close(self) -> None:
        """Take no more requests, let those under way finish within 10 s, and stop."""
        await self.runner.cleanup()


async def serve(app: web.Application, *, host: str = "127.0.0.1", port: int = 8080) -> Server:
    """Listen and return; raises OSError when the address is taken."""
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
