"""`baton user …`: adds, lists and removes users in the store."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.data.access import DEFAULT_SCOPES, OfTenant, OnlyTenant, Scopes
from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.projector.views.users.view import Document
    from baton.settings import Settings

app = typer.Typer(help="Users: add, list, remove.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name, unique on the whole server.")]


@app.command()
def add(
    name: Name,
    tenant: OfTenant,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    scope: Scopes = DEFAULT_SCOPES,
    data: DataFolder = None,
) -> None:
    """Add a user. Services may run meanwhile.

    The password is the first line of standard input, of 8 to 1,000 characters. An argument would
    show in the list of processes.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.protocols.masking import masked

    if not password_stdin:
        raise typer.BadParameter("pipe the password into --password-stdin")
    password, settings = _password(), load_settings(data=data)
    run_async(_add(settings, name, tenant, scope, password))
    typer.echo(f"Added {name} to tenant {tenant} in {masked(settings.store_url)}.")


@app.command("list")
def list_users(tenant: OnlyTenant = None, data: DataFolder = None, as_json: AsJson = False) -> None:
    """List users."""
    from baton.cli.data.user_table import print_users, user_document
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json

    users = run_async(_all(load_settings(data=data)))
    chosen = [user for user in users if tenant in {None, user.tenant}]
    if as_json:
        print_json([user_document(user) for user in chosen])
    else:
        print_users(chosen)


@app.command()
def remove(name: Name, data: DataFolder = None) -> None:
    """Remove a user permanently. The name can be used again."""
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    run_async(_remove(load_settings(data=data), name))
    typer.echo(f"Removed {name}.")


def _password() -> str:
    from baton.command_api.security.passwords import MAX_LENGTH, MIN_LENGTH, is_acceptable

    password = sys.stdin.readline(MAX_LENGTH + 3).removesuffix("\n").removesuffix("\r")
    if not is_acceptable(password):
        message = f"the password must have {MIN_LENGTH} to {MAX_LENGTH} characters"
        raise typer.BadParameter(message)
    return password


async def _add(settings: "Settings", name: str, tenant: str, scope: str, password: str) -> None:
    from baton.cli.data.access import changing, operator
    from baton.command_api.commands.access import add_user
    from baton.command_api.security.passwords import Passwords
    from baton.domain.user.messages import AddUser
    from baton.eventlog.clock import SystemClock
    from baton.eventlog.ids import new_id

    now = SystemClock().now()
    command = AddUser(
        tenant=tenant,
        user_id=new_id(now),
        name=name,
        password_hash=await Passwords().hash(password),
        scopes=tuple(scope.split()),
        actor=operator(),
        at=now,
    )
    async with changing(settings) as stores:
        await add_user(stores, command)


async def _all(settings: "Settings") -> "list[Document]":
    from baton.cli.data.access import reading
    from baton.projector.latest import latest_documents
    from baton.projector.views.users import VIEW

    async with reading(settings) as stores:
        users = await latest_documents(stores.events, stores.views, VIEW)
    return sorted(users, key=lambda user: user.name)


async def _remove(settings: "Settings", name: str) -> None:
    from baton.cli.data.access import changing, operator
    from baton.cli.data.store_checks import require_data
    from baton.command_api.commands.access import remove_user
    from baton.domain.errors import NotFound
    from baton.eventlog.clock import SystemClock

    require_data(settings)
    async with changing(settings) as stores:
        try:
            await remove_user(stores, name, actor=operator(), at=SystemClock().now())
        except NotFound:
            raise Failed(f"There is no user {name}: `baton user list` shows them") from None
