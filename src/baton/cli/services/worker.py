"""`baton worker`: performs the tasks of queues, away from the executors."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.options import Functions, Host, More, sources_of
from baton.cli.services.roles import FreePort, with_free_port

if TYPE_CHECKING:
    from baton.executor.functions.registry import Registry
    from baton.settings import Settings


def worker(
    queues: Annotated[
        list[str], typer.Option("--queue", metavar="QUEUE", help="Queue to serve; can be repeated.")
    ],
    functions: Functions = None,
    more: More = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", min=1, help="Number of tasks at once.")
    ] = 100,
    host: Host = None,
    port: FreePort = None,
) -> None:
    """Perform the tasks of queues: calls of functions with `queue = "QUEUE"` in baton.toml.

    Any number of workers share a queue. On Ctrl-C a worker finishes its running tasks. The tasks of
    a killed worker are delivered to another.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.services.logs import show_logs
    from baton.cli.terminal.failures import Failed
    from baton.function_registry import python_functions
    from baton.settings import QUEUE_NAME

    sources = sources_of(functions, more)
    for queue in queues:
        if not re.fullmatch(QUEUE_NAME, queue):
            message = f"{queue!r}: write 1 to 100 letters, digits, '.', '_' and '-'"
            raise typer.BadParameter(message, param_hint="'--queue'")
    settings = with_free_port(load_settings(host=host, port=port, functions=sources))
    if not settings.functions:
        raise Failed("A worker needs functions: name a file or module with --functions")
    registry = python_functions(settings)
    show_logs()
    run_async(_serve(settings, registry, queues, concurrency))


async def _serve(
    settings: "Settings", registry: "Registry", queues: list[str], concurrency: int
) -> None:
    import asyncio

    from baton.cli.services.run_process import http_server
    from baton.cli.services.stop_signals import stop_on_signals
    from baton.wiring import open_worker

    stop = asyncio.Event()
    stop_on_signals(stop)
    names = ", ".join(sorted({function.name for function in registry}))
    async with (
        open_worker(settings, registry, concurrency=concurrency) as process,
        http_server(process.app, settings) as url,
    ):
        typer.echo(f"Baton worker performs {names} for {', '.join(queues)}")
        typer.echo(f"Baton worker answers at {url}")
        await process.worker.run(queues, stop)
