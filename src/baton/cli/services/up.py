"""`baton up`: runs every service on this machine, each in a process of its own."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.options import Host, Port

if TYPE_CHECKING:
    import asyncio

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
"""The pause before a process is restarted, in seconds; it doubles from the first to the longest."""
LIVED_S = 30.0
"""After this lifetime in seconds, the pause of a process is reset."""
STOP_S = 30.0
"""The time a process has for stopping before it is killed, in seconds."""

API_ONLY = ("BATON_JWT_SECRET", "BATON_SEAL_KEY", "BATON_TOKEN")
"""The variables, and their files, that only the api gets; the scheduler gets derived keys."""
PROJECTOR_ONLY = ("BATON_AUDIT_KEY",)
"""The variables, and their files, that only the projector gets, for its notary."""


def _processes(text: str) -> Any:
    return typer.Option(metavar="N", min=0, max=64, help=text)


def up(
    host: Host = None,
    port: Port = None,
    apis: Annotated[int, _processes("Number of apis; all but the first take free ports.")] = 1,
    executors: Annotated[int, _processes("Number of executors.")] = 1,
    projectors: Annotated[int, _processes("Number of projectors.")] = 1,
    schedulers: Annotated[int, _processes("Number of schedulers.")] = 1,
) -> None:
    """Run all services on this machine, each in a process of its own.

    A process that ends is restarted. Ctrl-C stops all of them.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.services.logs import show_logs
    from baton.cli.services.roles import require_shared
    from baton.keys import seal_keys

    settings = load_settings(host=host, port=port)
    require_shared(settings)
    show_logs()
    first = ["api", "--host", settings.host, "--port", str(settings.port)]
    commands = [first] * min(apis, 1) + [["api", "--port", "0"]] * (apis - 1)
    commands += [["executor"]] * executors + [["projector"]] * projectors
    commands += [["scheduler"]] * schedulers
    keys = ",".join(key.hex() for key in seal_keys(settings))
    run_async(_supervise([(command, environment_of(command[0], keys)) for command in commands]))


async def _supervise(commands: list[tuple[list[str], dict[str, str]]]) -> None:
    import asyncio

    from baton.cli.services.stop_signals import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    await asyncio.gather(*(_supervise_one(*command, stop) for command in commands))


async def _supervise_one(
    command: list[str], environment: dict[str, str], stop: "asyncio.Event"
) -> None:
    """Restart one service whenever it ends, until `stop` is set."""
    import asyncio
    import sys
    from contextlib import suppress

    loop, pause_s = asyncio.get_running_loop(), FIRST_PAUSE_S
    while not stop.is_set():
        began = loop.time()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "baton",
            *command,
            start_new_session=True,
            env=environment,
        )
        if await _ended(process, stop):
            return
        pause_s = FIRST_PAUSE_S if loop.time() - began > LIVED_S else pause_s
        code = process.returncode
        typer.echo(f"{command[0]} ended with {code}; restarting in {pause_s:g} s", err=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def environment_of(role: str, seal_keys: str) -> dict[str, str]:
    """Return the environment of a service, without the secrets of other services.

    Args:
        role: The name of the service.
        seal_keys: The keys of stored secrets as BATON_SEAL_KEY lists them: the scheduler signs
            deliveries with the secrets of their webhooks.
    """
    import os

    unused: tuple[str, ...] = () if role == "api" else API_ONLY
    if role != "projector":
        unused += PROJECTOR_ONLY
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(unused)}
    return {**inherited, "BATON_SEAL_KEY": seal_keys} if role == "scheduler" else inherited


async def _ended(process: "asyncio.subprocess.Process", stop: "asyncio.Event") -> bool:
    """Wait until the process ends or `stop` is set.

    Returns True if `stop` is set: the process was terminated, or killed after `STOP_S`.
    """
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
