"""`baton up`: every service as a process of this machine, on PostgreSQL and Kafka."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import asyncio

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
"""Between the ends of a process and its next start, doubling."""
LIVED_S = 30.0
"""A process that lived this long begins with the first pause again."""
STOP_S = 30.0

Several = Annotated[int, typer.Option(min=0, max=64)]


def up(
    host: Annotated[str | None, typer.Option("--host", help="[default: 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="The first api's.")
    ] = None,
    apis: Several = 1,
    executors: Several = 1,
    projectors: Several = 1,
    schedulers: Several = 1,
) -> None:
    """Run all services on this machine, each a process of its own.

    A process that ends is started again. Ctrl-C stops them in order.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.services.logs import show_logs
    from baton.cli.services.roles import require_shared

    settings = load_settings(host=host, port=port)
    require_shared(settings)
    show_logs()
    first = ["api", "--host", settings.host, "--port", str(settings.port)]
    commands = [first] * min(apis, 1) + [["api", "--port", "0"]] * (apis - 1)
    commands += [["executor"]] * executors + [["projector"]] * projectors
    commands += [["scheduler"]] * schedulers
    run_async(_keep_up(commands))


async def _keep_up(commands: list[list[str]]) -> None:
    import asyncio

    from baton.cli.services.stop_signals import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    await asyncio.gather(*(_keep_one(command, stop) for command in commands))


async def _keep_one(command: list[str], stop: "asyncio.Event") -> None:
    """Start one service again and again, until told to stop."""
    import asyncio
    import sys
    from contextlib import suppress

    loop, pause_s = asyncio.get_running_loop(), FIRST_PAUSE_S
    while not stop.is_set():
        began = loop.time()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "baton", *command, start_new_session=True
        )
        if await _ended(process, stop):
            return
        pause_s = FIRST_PAUSE_S if loop.time() - began > LIVED_S else pause_s
        code = process.returncode
        typer.echo(f"{command[0]} ended with {code}; again in {pause_s:g} s", err=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def _ended(process: "asyncio.subprocess.Process", stop: "asyncio.Event") -> bool:
    """Wait for the process; when it is to stop, see to it and return True."""
    import asyncio

    ending, stopping = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait((ending, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not stop.is_set():
        return False
    if not ending.done():
        process.terminate()
        await asyncio.wait((ending,), timeout=STOP_S)
    if not ending.done():
        process.kill()
        await ending
    return True
