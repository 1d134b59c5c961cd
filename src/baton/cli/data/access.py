"""Opens the store for the verbs about API keys and users, beside running services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.make_token import check_scopes
from baton.cli.option_checks import check_tenant
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.command_api.commands.access import AccessStores
    from baton.domain.actor import Actor
    from baton.eventlog.ports.backend import Stores
    from baton.settings import Settings

OfTenant = Annotated[
    str, typer.Option("--tenant", metavar="T", callback=check_tenant, help="The tenant.")
]
OnlyTenant = Annotated[
    str | None,
    typer.Option("--tenant", metavar="T", callback=check_tenant, help="Only those of this tenant."),
]
Scopes = Annotated[
    str,
    typer.Option(
        "--scope",
        metavar="SCOPES",
        callback=check_scopes,
        help="Allowed operations, separated by spaces.",
    ),
]
DEFAULT_SCOPES = "orchestrator:read orchestrator:write"


def operator() -> "Actor":
    """Return the actor of a verb: the user of the operating system who called it."""
    import getpass
    import os

    from baton.domain.actor import Actor

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user id without an account, as in a container
        name = f"uid-{os.getuid()}"
    return Actor(name, "system")


@asynccontextmanager
async def reading(settings: "Settings") -> AsyncIterator["Stores"]:
    """Yield the store, for reading only; raises Failed, `Unavailable`."""
    from baton.cli.data.store_checks import require_data
    from baton.stores import open_stores

    require_data(settings)
    stores = await open_stores(settings, read_only=True, sealing="none")
    try:
        yield stores
    finally:
        await stores.close()


@asynccontextmanager
async def changing(settings: "Settings") -> AsyncIterator["AccessStores"]:
    """Yield the store for a change of access. Raises `Unavailable`.

    A refusal of the values of options becomes BadParameter, any other refusal Failed.
    """
    from baton.cli.data.store_checks import require_durable
    from baton.command_api.commands.access import AccessStores
    from baton.command_api.http.rejection_texts import text_of
    from baton.domain.errors import Invalid, Rejected
    from baton.stores import open_stores

    require_durable(settings)
    stores = await open_stores(settings, beside=True, sealing="none")
    try:
        yield AccessStores(stores.events, stores.checkpoints)
    except Rejected as refusal:
        faults = "; ".join(f"{fault.place} {fault.message}" for fault in refusal.faults)
        message = f"{text_of(refusal)}{': ' if faults else ''}{faults}"
        kind = typer.BadParameter if isinstance(refusal, Invalid) else Failed
        raise kind(message) from refusal
    finally:
        await stores.close()
