"""`baton dev`: every role in one process, with its data in a folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.option_checks import check_tenant
from baton.cli.options import DataFolder, Functions, Host, More, OpenBrowser, Port, sources_of

if TYPE_CHECKING:
    import asyncio

    from baton.process import Process
    from baton.settings import Settings

TOKEN_DAYS = 30
VIRTUAL_TOKEN_DAYS = 36_525
"""The lifetime of the token under virtual time, in days: more than any test moves the clock."""
_DAY_S = 86_400
_SCOPE = "orchestrator:admin"
_SUBJECT = "dev"


def dev(
    host: Host = None,
    port: Port = None,
    data: DataFolder = None,
    functions: Functions = None,
    more: More = None,
    tenant: Annotated[
        str,
        typer.Option("--tenant", metavar="T", callback=check_tenant, help="Tenant of the token."),
    ] = "demo",
    virtual_time: Annotated[
        bool,
        typer.Option(
            "--virtual-time",
            help="Stop the clock, for tests; only POST /clock moves it.",
        ),
    ] = False,
    open_ui: OpenBrowser = False,
    hold: Annotated[
        bool,
        typer.Option("--hold", help="Start held: nothing runs or fires until `baton release`."),
    ] = False,
) -> None:
    """Run all services in one process. No server is needed.

    Prints a link to the web UI, the address, a token and a curl command. Ctrl-C stops it; a kill
    loses no acknowledged command. Other verbs find the address and the token in the data folder.
    """
    import asyncio

    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.services.logs import show_logs
    from baton.cli.services.start_held import hold_stored_server
    from baton.cli.services.virtual_time import check_virtual_time

    sources = sources_of(functions, more)
    settings = load_settings(host=host, port=port, data=data, functions=sources)
    settings = allow_loopback(settings)
    if virtual_time:
        check_virtual_time(settings)
    show_logs()
    if hold:
        run_async(hold_stored_server(settings, subject=_SUBJECT))
    if virtual_time:  # The virtual clock asks asyncio's own loop whether a callback is ready.
        run_async(
            _serve(settings, tenant, virtual_time=True, open_ui=open_ui), asyncio.new_event_loop
        )
    else:
        run_async(_serve(settings, tenant, open_ui=open_ui))


def allow_loopback(settings: "Settings") -> "Settings":
    """Return settings that allow functions on this machine, unless a setting decides it."""
    if "functions_allow_private" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"functions_allow_private": "loopback"})


async def _serve(
    settings: "Settings", tenant: str, *, virtual_time: bool = False, open_ui: bool = False
) -> None:
    import asyncio
    from contextlib import suppress

    from baton.cli.services.roles import waits_for_store
    from baton.cli.services.run_process import Stopped, becomes_ready, serve_roles
    from baton.cli.services.stop_signals import stop_on_signals
    from baton.cli.services.virtual_time import virtual_time_of
    from baton.role import ALL_ROLES

    stop = asyncio.Event()
    stop_on_signals(stop)
    token = _token(settings, tenant, VIRTUAL_TOKEN_DAYS if virtual_time else TOKEN_DAYS)
    replace = {"replace": virtual_time_of} if virtual_time else {}
    with suppress(Stopped):
        on_wait = waits_for_store("dev")
        async with serve_roles(settings, ALL_ROLES, stop, on_wait, **replace) as (url, process):
            if await becomes_ready(process, stop):
                started = _Started(url=url, token=token, folder=settings.data_folder)
                await _until_stopped(stop, started, process, open_ui=open_ui)
            typer.echo("Stopping …")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    """The address of the server, a token for it, and the folder of its data."""

    url: str
    token: str = field(repr=False)
    folder: Path


async def _until_stopped(
    stop: "asyncio.Event", started: _Started, process: "Process", *, open_ui: bool
) -> None:
    import asyncio

    from baton.cli import dev_session
    from baton.cli.terminal.browser import open_browser

    dev_session.save(started.folder, url=started.url, token=started.token)
    try:
        link = await _link(started, process)
        _announce(started, link, process)
        if open_ui:
            await asyncio.to_thread(open_browser, link)
        await stop.wait()
    finally:
        dev_session.remove_url(started.folder)


async def _link(started: _Started, process: "Process") -> str:
    """Return a link that signs one browser in."""
    from baton.command_api.sessions.codes import make_code

    services = process.services
    if services.sessions is None:
        message = "a process with the API role has sessions"
        raise RuntimeError(message)
    code = await make_code(services.keys, started.token, at=services.sessions.now())
    return f"{started.url}/ui/#code={code.code}"


def _token(settings: "Settings", tenant: str, days: int) -> str:
    import time

    from baton.cli.make_token import sign_token
    from baton.keys import jwt_secrets

    now = int(time.time())
    return sign_token(
        jwt_secrets(settings, create=True)[0],
        sub=_SUBJECT,
        tenant=tenant,
        scope=_SCOPE,
        iat=now,
        exp=now + days * _DAY_S,
        iss=settings.jwt_issuer,
        aud=settings.jwt_audience,
    )


def _announce(started: _Started, link: str, process: "Process") -> None:
    import shlex

    from baton.cli import dev_session
    from baton.cli.terminal.output import in_terminal
    from baton.protocols.iso_time import format_time

    file, time = dev_session.token_path(started.folder), process.services.virtual_time
    path = shlex.quote(str(file))
    shown = started.token if in_terminal() else f"in {file}"
    clock = (
        "" if time is None else f"  Clock  {format_time(time.clock.now())}, moved by POST /clock\n"
    )
    typer.echo(
        f"Baton is ready.\n\n"
        f"  UI     {link}   (valid once, for 10 minutes; `baton ui` makes another)\n"
        f"  URL    {started.url}   (operations: {started.url}/docs)\n"
        f"  Data   {started.folder}\n"
        f"  Token  {shown}\n{clock}"
        f'  Try    curl -s -H "Authorization: Bearer $(cat {path})" {started.url}/runs\n\n'
        f"Ctrl-C stops it."
    )
