"""`baton apikey …`: creates, lists and revokes API keys in the store."""

from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.data.access import DEFAULT_SCOPES, OfTenant, OnlyTenant, Scopes
from baton.cli.moments import parse_duration_s
from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baton.projector.views.api_keys.view import Document
    from baton.settings import Settings

app = typer.Typer(help="API keys: create, list, revoke.")


def _parse_expiry(text: str) -> int:
    """Return the end of a duration that begins now, or a time, in ms, UTC; raises BadParameter."""
    import time

    from baton.cli.moments import parse_instant

    try:
        return int(time.time() * 1_000) + parse_duration_s(text) * 1_000
    except typer.BadParameter:
        pass
    try:
        return parse_instant(text)
    except ValueError:
        message = "write a duration (90d) or a time (2027-01-01T00:00:00Z)"
        raise typer.BadParameter(message) from None


@app.command()
def create(
    tenant: OfTenant,
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="Name, which events record as the subject."),
    ],
    scope: Scopes = DEFAULT_SCOPES,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="G", help="Group; can be repeated.")
    ] = None,
    expires: Annotated[
        int | None,
        typer.Option(
            "--expires",
            metavar="WHEN",
            parser=_parse_expiry,
            show_default="never",
            help="End of its validity: 90d, or a time in ISO 8601 (UTC).",
        ),
    ] = None,
    data: DataFolder = None,
) -> None:
    """Create an API key and print it on the last line. It is never shown again.

    Services may run meanwhile, and take the key at once.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.protocols.masking import masked

    settings = load_settings(data=data)
    key_id, key = run_async(_create(settings, tenant, name, scope, group or [], expires))
    where = f"of tenant {tenant} in {masked(settings.store_url)}"
    typer.echo(f"API key {key_id} {where}. Keep it now: it is shown only here.")
    typer.echo(key)


@app.command("list")
def list_keys(tenant: OnlyTenant = None, data: DataFolder = None, as_json: AsJson = False) -> None:
    """List API keys, without their texts. The last use may be up to a minute old."""
    from baton.cli.data.key_table import key_document, print_keys
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json

    keys, used = run_async(_all(load_settings(data=data)))
    chosen = [key for key in keys if tenant in {None, key.tenant}]
    if as_json:
        print_json([key_document(key, used) for key in chosen])
    else:
        print_keys(chosen, used)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key, from `list`.")],
    data: DataFolder = None,
) -> None:
    """Revoke an API key permanently. Every service refuses it within a second."""
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    changed = run_async(_revoke(load_settings(data=data), key_id))
    typer.echo(f"Revoked {key_id}." if changed else f"{key_id} was revoked before.")


async def _create(
    settings: "Settings",
    tenant: str,
    name: str,
    scope: str,
    groups: list[str],
    expires_at: int | None,
) -> tuple[str, str]:
    """Return the id and the text of a new key."""
    import secrets

    from baton.cli.data.access import changing, operator
    from baton.command_api.commands.access import create_api_key
    from baton.domain.api_key.messages import CreateApiKey
    from baton.eventlog.clock import SystemClock
    from baton.eventlog.ids import new_id
    from baton.protocols.api_key_text import SECRET_BYTES, hash_key, make_key

    now = SystemClock().now()
    key_id = new_id(now)
    key = make_key(tenant, key_id, secrets.token_bytes(SECRET_BYTES))
    command = CreateApiKey(
        tenant=tenant,
        key_id=key_id,
        name=name,
        key_hash=hash_key(key),
        scopes=tuple(scope.split()),
        groups=tuple(groups),
        expires_at=expires_at,
        actor=operator(),
        at=now,
    )
    async with changing(settings) as stores:
        await create_api_key(stores, command)
    return key_id, key


async def _all(settings: "Settings") -> "tuple[list[Document], Mapping[str, int]]":
    """Return every key, oldest first, and the time of the last use of those that were used."""
    from baton.cli.data.access import reading
    from baton.projector.latest import latest_documents
    from baton.projector.views.api_keys import VIEW

    async with reading(settings) as stores:
        keys = await latest_documents(stores.events, stores.views, VIEW)
        used = await stores.api_key_uses.last()
    return sorted(keys, key=lambda key: (key.created_at, key.id)), used


async def _revoke(settings: "Settings", key_id: str) -> bool:
    """Return whether the key was valid before."""
    from baton.cli.data.access import changing, operator
    from baton.command_api.commands.access import revoke_api_key
    from baton.eventlog.clock import SystemClock

    keys, _ = await _all(settings)
    tenant = next((key.tenant for key in keys if key.id == key_id), None)
    if tenant is None:
        raise Failed(f"There is no API key {key_id}: `baton apikey list` shows them")
    async with changing(settings) as stores:
        at = SystemClock().now()
        result = await revoke_api_key(stores, tenant, key_id, actor=operator(), at=at)
    return result.changed
