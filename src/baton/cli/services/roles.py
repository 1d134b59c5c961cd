"""`baton api`, `executor`, `projector` and `scheduler`: each runs one role in this process."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.options import Functions, Host, More, Port, sources_of

if TYPE_CHECKING:
    from baton.role import RoleName
    from baton.settings import Settings

FreePort = Annotated[
    int | None,
    typer.Option(
        "--port",
        metavar="N",
        min=0,
        max=65_535,
        show_default="a free one, which is printed",
        help="Port to listen on; also BATON_PORT.",
    ),
]


def api(host: Host = None, port: Port = None) -> None:
    """Answer HTTP requests in every dialect."""
    _run("api", host, port)


def executor(
    host: Host = None, port: FreePort = None, functions: Functions = None, more: More = None
) -> None:
    """Perform the steps of runs. Executors divide the runs among themselves."""
    _run("executor", host, port, functions=sources_of(functions, more))


def projector(host: Host = None, port: FreePort = None) -> None:
    """Keep the views that queries read. One process works, the others stand by."""
    _run("projector", host, port)


def scheduler(host: Host = None, port: FreePort = None) -> None:
    """Fire triggers, schedules and timers. One process works, the others stand by."""
    _run("scheduler", host, port)


VERBS: tuple[Callable[..., None], ...] = (api, executor, projector, scheduler)


def _run(
    role: "RoleName",
    host: str | None,
    port: int | None,
    *,
    functions: tuple[str, ...] | None = None,
) -> None:
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.services.logs import show_logs

    settings = load_settings(host=host, port=port, functions=functions)
    if role != "api":
        settings = with_free_port(settings)
    require_shared(settings)
    show_logs()
    run_async(_serve(settings, role))


def with_free_port(settings: "Settings") -> "Settings":
    """Return settings that let a process listen on a free port, unless they choose one."""
    if "port" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"port": 0})


def require_shared(settings: "Settings") -> None:
    """Raise Failed unless the store and the log can be shared by several processes."""
    from baton.backend_choice import backend_of, transport_of
    from baton.cli.terminal.failures import Failed

    if "shared" not in backend_of(settings.store_url).capabilities:
        raise Failed("Services share a store: set BATON_STORE=postgresql://…, or use `baton dev`")
    if transport_of(settings.log) is None:
        raise Failed("Services share a log: set BATON_LOG=kafka://HOST:PORT, or use `baton dev`")


async def _serve(settings: "Settings", role: "RoleName") -> None:
    import asyncio
    from contextlib import suppress

    from baton.cli.services.run_process import Stopped, becomes_ready, serve_roles
    from baton.cli.services.stop_signals import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    with suppress(Stopped):
        on_wait = waits_for_store(role)
        async with serve_roles(settings, frozenset((role,)), stop, on_wait) as (url, process):
            typer.echo(f"Baton {role} answers at {url}")
            if await becomes_ready(process, stop):
                typer.echo(f"Baton {role} is ready at {url}")
                await stop.wait()
            typer.echo(f"Stopping {role} …")


def waits_for_store(name: str) -> Callable[[str], None]:
    """Return a callback(url) that prints that a service waits for the store."""

    def on_wait(url: str) -> None:
        typer.echo(f"Baton {name} waits for the store; it answers at {url}")

    return on_wait
