"""`baton demo`: processes a batch of sample orders, shows their runs, and ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.settings import Settings

TENANT = "demo"
FUNCTIONS = "baton.demo.functions"
_HOUR_S = 3_600


def demo(
    count: Annotated[
        int, typer.Option("--orders", metavar="N", min=1, max=500, help="Number of orders.")
    ] = 24,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            file_okay=False,
            show_default="a temporary one",
            help="Folder of the embedded store, which is kept.",
        ),
    ] = None,
) -> None:
    """Run an order-processing workflow from its events to the timeline of one run.

    Uses a free port, and a temporary folder unless --data names one.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.services.dev import allow_loopback

    with _folder(data) as folder:
        settings = load_settings(
            data=folder,
            log="memory:",
            host="127.0.0.1",
            port=0,
            functions=(FUNCTIONS,),
            declared_functions={},
        )
        completed = run_async(_demo(allow_loopback(settings), count))
    if completed < count:
        raise Failed(f"Only {completed} of {count} runs completed: please report this")
    _print_next_steps(data)


async def _demo(settings: "Settings", count: int) -> int:
    import asyncio
    import time

    from baton.cli.make_token import sign_token
    from baton.cli.server.client import Server
    from baton.cli.services.demo_show import run_demo
    from baton.cli.services.run_process import serve_roles
    from baton.keys import jwt_secrets
    from baton.role import ALL_ROLES

    token = sign_token(
        jwt_secrets(settings, create=True)[0],
        sub="demo",
        tenant=TENANT,
        scope="orchestrator:write",
        exp=int(time.time()) + _HOUR_S,
        iss=settings.jwt_issuer,
        aud=settings.jwt_audience,
    )
    async with serve_roles(settings, ALL_ROLES, asyncio.Event()) as (url, process):
        await process.ready()
        server = Server(url=url, token=token, tenant=TENANT)
        return await asyncio.to_thread(run_demo, server, count)


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="baton-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _print_next_steps(data: Path | None) -> None:
    import shlex

    if data is None:
        see = "To keep the runs: `baton demo --data .baton`, then `baton dev`."
    else:
        folder = shlex.quote(str(data))
        beside = f"in another terminal `BATON_DATA={folder} baton runs list`"
        see = f"To see these runs: `baton dev --data {folder}`, and {beside}."
    typer.echo(f"\nNext: README.md builds a workflow of your own in five minutes.\n      {see}")
