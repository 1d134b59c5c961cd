"""`baton token`: signs a bearer token with the configured secret or the data folder's secret."""

from typing import Annotated

import typer

from baton.cli.moments import parse_duration_s
from baton.cli.option_checks import check_tenants
from baton.cli.options import DataFolder

SCOPES = ("orchestrator:read", "orchestrator:write", "orchestrator:admin")


def check_duration(text: str) -> str:
    """Return `text` if it is a duration; raises BadParameter."""
    parse_duration_s(text)
    return text


def check_scopes(text: str) -> str:
    """Return scopes, separated by one space, if each is known; raises BadParameter."""
    unknown = set(text.split()) - set(SCOPES)
    if unknown or not text.split():
        raise typer.BadParameter(f"write one or more of {', '.join(SCOPES)}, separated by spaces")
    return " ".join(text.split())


def token(
    tenant: Annotated[
        list[str],
        typer.Option(
            "--tenant",
            metavar="T",
            callback=check_tenants,
            help="Tenant of the token; can be repeated.",
        ),
    ],
    subject: Annotated[
        str, typer.Option("--subject", metavar="S", help="Subject of the token.")
    ] = "cli",
    scope: Annotated[
        str,
        typer.Option(
            "--scope",
            metavar="SCOPES",
            callback=check_scopes,
            help="Operations the token allows, separated by spaces.",
        ),
    ] = "orchestrator:read orchestrator:write",
    ttl: Annotated[
        str,
        typer.Option(
            "--ttl",
            metavar="DURATION",
            callback=check_duration,
            help="Lifetime of the token: 15m, 1h, 30d.",
        ),
    ] = "1h",
    data: DataFolder = None,
) -> None:
    """Print a bearer token (JWT, HS256) for the configured secret.

    The secret is BATON_JWT_SECRET, or else the one that `baton dev` created in the data folder.
    """
    import time

    from baton.cli.load_settings import load_settings
    from baton.keys import jwt_secrets

    now = int(time.time())
    settings = load_settings(data=data)
    typer.echo(
        sign_token(
            jwt_secrets(settings, create=False)[0],
            sub=subject,
            tenant=tenant[0] if len(tenant) == 1 else tenant,
            scope=scope,
            iat=now,
            exp=now + parse_duration_s(ttl),
            iss=settings.jwt_issuer,
            aud=settings.jwt_audience,
        )
    )


def sign_token(secret: str, **claims: object) -> str:
    """Return a JWT (HS256) with the claims that aren't None; raises Failed."""
    import jwt

    from baton.cli.terminal.failures import Failed

    present = {name: value for name, value in claims.items() if value is not None}
    try:
        return jwt.encode(present, secret, algorithm="HS256")
    except jwt.InvalidKeyError as error:
        raise Failed(f"BATON_JWT_SECRET can't sign tokens: {error}") from None
