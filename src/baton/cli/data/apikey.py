"""`baton apikey …`: creates, lists and revokes API keys in the store."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.data.access import DEFAULT_SCOPES, OfTenant, OnlyTenant, Scopes
from baton.cli.make_token import check_duration, parse_duration_s
from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baton.projector.views.api_keys.view import Document
    from baton.settings import Settings

app = typer.Typer(help="API keys: create, list, revoke.")


def _check_expiry(text: str | None) -> str | None:
    """Return a duration, or a time with its offset, as it is; raises BadParameter."""
    from baton.protocols.iso_time import parse_rfc3339

    if text is None:
        return None
    try:
        parse_rfc3339(text)
    except ValueError:
        try:
            return check_duration(text)
        except typer.BadParameter:
            message = "write a duration (90d) or a time (2027-01-01T00:00:00Z)"
            raise typer.BadParameter(message) from None
    return text


@app.command()
def create(
    tenant: OfTenant,
    name: Annotated[
        str, typer.Option("--name", metavar="N", help="Name, which events record as the subject.")
    ],
    scope: Scopes = DEFAULT_SCOPES,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="G", help="Group; can be repeated.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires",
            metavar="WHEN",
            callback=_check_expiry,
            help="End of its validity: 90d, or 2027-01-01T00:00:00Z.  [default: never]",
        ),
    ] = None,
    data: DataFolder = None,
) -> None:
    """Create an API key and print it on the last line. It is never shown again.

    Services may run meanwhile, and take the key at once.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    settings = load_settings(data=data)
    key_id, key = run_async(_create(settings, tenant, name, scope, group or [], expires))
    typer.echo(f"API key {key_id} of tenant {tenant}. Keep it now: it is shown only here.")
    typer.echo(key)


@app.command("list")
def list_keys(tenant: OnlyTenant = None, data: DataFolder = None, as_json: AsJson = False) -> None:
    """List API keys, without their texts. A use shows after a minute at most."""
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json, print_rows

    keys, used = run_async(_all(load_settings(data=data)))
    shown = [_shown(key, used) for key in keys if tenant in {None, key.tenant}]
    if as_json:
        print_json(shown)
        return
    columns = ("id", "tenant", "name", "scopes", "status", "createdAt", "lastUsedAt", "expiresAt")
    rows = [[_cell(key[column]) for column in columns] for key in shown]
    heading = ("ID", "TENANT", "NAME", "SCOPES", "STATUS", "CREATED", "LAST USED", "EXPIRES")
    print_rows(heading, rows)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key, from `list`.")],
    data: DataFolder = None,
) -> None:
    """Revoke an API key for ever. No service accepts it a second later."""
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    changed = run_async(_revoke(load_settings(data=data), key_id))
    typer.echo(f"Revoked {key_id}." if changed else f"{key_id} was revoked before.")


async def _create(
    settings: "Settings", tenant: str, name: str, scope: str, groups: list[str], expires: str | None
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
        expires_at=_expiry(expires, now),
        actor=operator(),
        at=now,
    )
    async with changing(settings) as stores:
        await create_api_key(stores, command)
    return key_id, key


def _expiry(text: str | None, now: int) -> int | None:
    from baton.protocols.iso_time import parse_rfc3339

    if text is None:
        return None
    try:
        return parse_rfc3339(text)
    except ValueError:
        return now + 1_000 * parse_duration_s(text)


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


def _shown(key: "Document", used: "Mapping[str, int]") -> dict[str, Any]:
    return {
        "id": key.id,
        "tenant": key.tenant,
        "name": key.name,
        "scopes": list(key.scopes),
        "groups": list(key.groups),
        "status": _status(key),
        "createdAt": _time(key.created_at),
        "createdBy": key.created_by,
        "lastUsedAt": _time(used.get(key.id)),
        "expiresAt": _time(key.expires_at),
        "revokedAt": _time(key.revoked_at),
        "revokedBy": key.revoked_by,
    }


def _status(key: "Document") -> str:
    from baton.eventlog.clock import SystemClock

    if key.revoked_at is not None:
        return "revoked"
    expired = key.expires_at is not None and SystemClock().now() >= key.expires_at
    return "expired" if expired else "active"


def _time(at: int | None) -> str | None:
    from baton.protocols.iso_time import format_time

    return None if at is None else format_time(at)


def _cell(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list) else value
