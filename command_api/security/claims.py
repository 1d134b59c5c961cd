"""The claims of a token: the required ones, and the identity that they describe.

Every function raises Refused 401 without saying which check failed; times of a wrong kind raise
TypeError or ValueError, which mean the same.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from baton.command_api.http.refusal import Refused
from baton.command_api.principal import Identity, is_valid_tenant, scopes_of
from baton.domain.text import is_plain

LEEWAY_MS = 5_000
"""The tolerated difference between the issuer's clock and this one, in ms."""
MAX_TENANTS = 100
MAX_GROUPS = 1_000
USER = "baton_user"
"""The claim with the id of the user who signed in; tokens that this server didn't issue lack it."""
MAX_TEXT = 255
"""Longest `sub`, and longest name of a group, in characters."""

_ACCESS_TYPES = frozenset(("jwt", "at+jwt", "application/at+jwt"))
_OTHER_USES = frozenset(("refresh", "offline", "id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedClaims:
    """The required `iss` and `aud` of a token.

    Without an issuer any `iss` is accepted; without an audience a token that has an `aud` is not,
    because it was made for another service.
    """

    issuer: str | None = None
    audience: str | None = None

    def required(self) -> list[str]:
        """Return the claims that a token must have."""
        expected = {"iss": self.issuer, "aud": self.audience}
        names = (claim for claim, value in expected.items() if value is not None)
        return ["exp", "sub", "tenant", *names]


def unauthorized() -> Refused:
    """Return the only 401 for tokens, which doesn't say which check failed."""
    message = "A valid bearer token is required"
    return Refused("unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def require_access_type(header: Mapping[str, object]) -> None:
    """Raise Refused for a token that isn't an access token, or whose header has requirements."""
    if str(header.get("typ", "JWT")).lower() not in _ACCESS_TYPES or "crit" in header:
        raise unauthorized()


def identity_of(claims: Mapping[str, object]) -> Identity:
    """Return the identity that the claims describe."""
    for claim in ("typ", "token_use"):
        if str(claims.get(claim, "")).lower() in _OTHER_USES:
            raise unauthorized()
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise unauthorized()
    return Identity(
        subject=_text(claims["sub"]),
        tenants=_tenants(claims["tenant"]),
        scopes=scopes_of(scope),
        groups=_groups(claims.get("groups", [])),
        user_id=_text(claims[USER]) if USER in claims else None,
        expires_at=_ms(claims["exp"]),
    )


def expiry_of(claims: Mapping[str, object], now: int) -> int:
    """Return when the token expires, in ms; raises ValueError if it isn't valid at `now`."""
    until = _ms(claims["exp"]) + LEEWAY_MS
    begins = max(_ms(claims.get("nbf", 0)), _ms(claims.get("iat", 0))) - LEEWAY_MS
    if not begins <= now < until:
        message = "The token has expired or isn't valid yet"
        raise ValueError(message)
    return until


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not is_plain(value):
        raise unauthorized()
    return value


def _tenants(claim: object) -> tuple[str, ...]:
    names = claim if isinstance(claim, list) else [claim]
    tenants = tuple(name for name in names if isinstance(name, str) and is_valid_tenant(name))
    if not tenants or len(tenants) != len(names) or len(tenants) > MAX_TENANTS:
        raise unauthorized()
    return tenants


def _groups(claim: object) -> tuple[str, ...]:
    if not isinstance(claim, list) or len(claim) > MAX_GROUPS:
        raise unauthorized()
    return tuple(_text(name) for name in claim)


def _ms(seconds: object) -> int:
    """Return a NumericDate in ms; raises TypeError or ValueError for any other value."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        message = "A time in the token isn't a number"
        raise TypeError(message)
    if not math.isfinite(seconds) or abs(seconds) > 2**40:
        message = "A time in the token is out of range"
        raise ValueError(message)
    return int(seconds * 1000)
