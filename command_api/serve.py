"""Serves the application on a socket, behind its admission."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from baton.command_api.admission.admission import ADMISSION
from baton.command_api.admission.server import GuardedServer
from baton.command_api.app import RENDER
from baton.eventlog.loops.stop_tasks import stop_tasks

_BACKLOG = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server; `port` is the actual one if 0 was requested."""

    host: str
    port: int
    runner: web.AppRunner
    sweeping: asyncio.Task[None]

    async def close(self) -> None:
        """Stop accepting requests, let running ones finish within 10 s, and close."""
        await stop_tasks([self.sweeping])
        await self.runner.cleanup()


async def serve(app: web.Application, *, host: str = "127.0.0.1", port: int = 8080) -> Server:
    """Start to listen and return the server; raises OSError if the address is in use."""
    app[ADMISSION].hosts.listen_on(host)
    runner = web.AppRunner(
        app, handler_cancellation=False, handle_signals=False, shutdown_timeout=10.0
    )
    await runner.setup()
    try:
        site = _GuardedSite(runner, app, host, port)
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    sweeping = asyncio.create_task(site.connections.sweep())
    return Server(host=host, port=int(runner.addresses[0][1]), runner=runner, sweeping=sweeping)


class _GuardedSite(web.BaseSite):
    """Listens like `web.TCPSite`, whose connections can't be chosen."""

    __slots__ = ("_host", "_port", "connections")

    def __init__(self, runner: web.AppRunner, app: web.Application, host: str, port: int) -> None:
        super().__init__(runner, backlog=_BACKLOG)
        self._host, self._port = host, port
        if runner.server is None:
            message = "The runner must be set up"
            raise RuntimeError(message)
        self.connections = GuardedServer(runner.server, app[ADMISSION], app[RENDER])

    @property
    def name(self) -> str:
        """The address as aiohttp shows it."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Start to listen; raises OSError."""
        await super().start()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self.connections, self._host, self._port, backlog=self._backlog
        )
