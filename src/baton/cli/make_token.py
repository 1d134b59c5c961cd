"""`baton token`: a bearer token for the configured secret, or for a data folder's."""

import re
from typing import Annotated

import typer

from baton.cli.options import DataFolder

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
SCOPES = ("orchestrator:read", "orchestrator:write", "orchestrator:admin")
_DURATION = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


def seconds(text: str) -> int:
    """Return a duration such as 90s, 15m, 1h or 30d in seconds."""
    found = _DURATION.fullmatch(text)
    if found is None or not int(found[1]):
        raise typer.BadParameter("write a number and s, m, h or d: 15m, 1h, 30d")
    return int(found[1]) * UNITS_S[found[2]]


def duration(text: str) -> str:
    """Return a duration that is one."""
    seconds(text)
    return text


def tenant_name(text: str) -> str:
    """Return a tenant's name that is one."""
    if _TENANT.fullmatch(text) is None:
        raise typer.BadParameter("1 to 63 of a-z, 0-9 and -, not beginning with -")
    return text


def tenant_names(names: list[str]) -> list[str]:
    """Return tenants' names that are."""
    return [tenant_name(name) for name in names]


def scope_words(text: str) -> str:
    """Return scopes that exist."""
    unknown = set(text.split()) - set(SCOPES)
    if unknown or not text.split():
        raise typer.BadParameter(f"some of {', '.join(SCOPES)}, with spaces between them")
    return " ".join(text.split())


def token(
    tenant: Annotated[
        list[str],
        typer.Option(
            "--tenant", metavar="T", callback=tenant_names, help="Whom it is for; may be repeated."
        ),
    ],
    subject: Annotated[str, typer.Option("--subject", metavar="S", help="Who asks.")] = "cli",
    scope: Annotated[
        str, typer.Option("--scope", callback=scope_words, help="What it allows.")
    ] = "orchestrator:read orchestrator:write",
    ttl: Annotated[
        str, typer.Option("--ttl", callback=duration, help="How long it is good: 15m, 1h, 30d.")
    ] = "1h",
    data: DataFolder = None,
) -> None:
    """Print a bearer token (JWT, HS256) for the configured secret.

    The secret is BATON_JWT_SECRET, else the one that `baton dev` made in the data folder.
    """
    import time

    from baton.cli.load_settings import load_settings
    from baton.keys import jwt_secret

    now = int(time.time())
    settings = load_settings(data=data)
    typer.echo(
        sign_token(
            jwt_secret(settings, create=False),
            sub=subject,
            tenant=tenant[0] if len(tenant) == 1 else tenant,
            scope=scope,
            iat=now,
            exp=now + seconds(ttl),
            iss=settings.jwt_issuer,
            aud=settings.jwt_audience,
        )
    )


def sign_token(secret: str, **claims: object) -> str:
    """Return a JWT with the claims that have a value; raises Failed."""
    import jwt

    from baton.cli.terminal.failures import Failed

    said = {name: value for name, value in claims.items() if value is not None}
    try:
        return jwt.encode(said, secret, algorithm="HS256")
    except jwt.InvalidKeyError as error:
        raise Failed(f"BATON_JWT_SECRET can't sign tokens: {error}") from None
