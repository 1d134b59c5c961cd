"""Bearer tokens: whose they are, and for which tenant and scope a request may go on.

A signing key belongs to one family: an HMAC secret verifies HS256 alone, a key of the JWKS its own
algorithm alone, whatever the token's header says; `jku`, `x5u` and `jwk` in a header are not looked
at. Every token that is not good gets the same 401. What PyJWT leaves open is decided here: `exp`
and `tenant` must be there, and times are judged by the injected clock.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeAlias, assert_never

import jwt
from aiohttp import web

from baton.command_api.dialect.contract import FromHeader, FromPath, FromToken, TenantSource
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.principal import Identity, Principal, Scope, is_valid_tenant, scopes_of
from baton.eventlog.ports.clock import Clock

LEEWAY_MS = 5_000
MIN_SECRET_BYTES = 32
MAX_TOKEN = 8_192
MAX_TENANTS = 100
_REMEMBERED = 10_000
_ACCESS_TYPES = frozenset(("jwt", "at+jwt", "application/at+jwt"))
_OTHER_USES = frozenset(("refresh", "offline", "id"))

VerifyingKey: TypeAlias = "str | bytes | jwt.PyJWK"


class KeySource(Protocol):
    """Where the key that must have signed a token comes from."""

    async def key_of(self, header: Mapping[str, object]) -> tuple[VerifyingKey, str]:
        """Return the key and the one algorithm it is for; raises Refused 401, Unavailable."""
        ...


class SharedSecret:
    """One HS256 secret of at least 32 bytes; raises ValueError for what cannot be one."""

    def __init__(self, secret: str) -> None:
        if len(secret.encode()) < MIN_SECRET_BYTES:
            message = f"The JWT secret must have at least {MIN_SECRET_BYTES} bytes"
            raise ValueError(message)
        try:
            jwt.encode({}, secret, algorithm="HS256")
        except jwt.InvalidKeyError:
            message = "The JWT secret is a public key or certificate, which is no secret"
            raise ValueError(message) from None
        self._secret = secret

    async def key_of(self, header: Mapping[str, object]) -> tuple[VerifyingKey, str]:
        """Return the secret: no header can choose another key or algorithm."""
        del header
        return self._secret, "HS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedClaims:
    """What a token's `iss` and `aud` must be, where that is configured."""

    issuer: str | None = None
    audience: str | None = None


class TokenAuthenticator:
    """Verifies JWTs, and remembers the good ones by their hash until they expire."""

    def __init__(
        self, keys: KeySource, clock: Clock, expected: ExpectedClaims | None = None
    ) -> None:
        self._keys, self._clock = keys, clock
        self._expected = expected or ExpectedClaims()
        self._known: dict[bytes, tuple[Identity, int]] = {}

    async def identify(self, token: str) -> Identity:
        """Return the identity behind `token`; raises Refused 401, Unavailable without keys."""
        if len(token) > MAX_TOKEN:
            raise unauthorized()
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._known.get(digest)
        if known is not None and self._clock.now() < known[1]:
            return known[0]
        identity, until = await self._verified(token)
        self._remember(digest, identity, until)
        return identity

    async def _verified(self, token: str) -> tuple[Identity, int]:
        try:
            header = jwt.get_unverified_header(token)
            _require_access_type(header)
            key, algorithm = await self._keys.key_of(header)
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._expected.issuer,
                audience=self._expected.audience,
                options={
                    "require": self._required(),
                    "verify_aud": self._expected.audience is not None,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
            return _identity_of(claims), self._expiry_of(claims)
        # Broken base64, bad UTF-8 and over-deep JSON inside a token surface as any of these.
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
            raise unauthorized() from None

    def _required(self) -> list[str]:
        given = {"iss": self._expected.issuer, "aud": self._expected.audience}
        return ["exp", "tenant", *(claim for claim, value in given.items() if value is not None)]

    def _expiry_of(self, claims: Mapping[str, object]) -> int:
        """Return when the token ends, in ms; raises ValueError when now is not in its time."""
        now = self._clock.now()
        until = _ms(claims["exp"]) + LEEWAY_MS
        begins = max(_ms(claims.get("nbf", 0)), _ms(claims.get("iat", 0))) - LEEWAY_MS
        if not begins <= now < until:
            message = "The token is not valid now"
            raise ValueError(message)
        return until

    def _remember(self, digest: bytes, identity: Identity, until: int) -> None:
        if len(self._known) >= _REMEMBERED:
            for oldest in list(self._known)[: _REMEMBERED // 10]:
                del self._known[oldest]
        self._known[digest] = (identity, until)


def unauthorized() -> Refused:
    """Return the one 401 there is: it does not say what was wrong."""
    message = "A valid bearer token is required"
    return Refused("unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def bearer_token(request: web.Request) -> str:
    """Return the token of the Authorization header; raises Refused 401."""
    values = request.headers.getall("Authorization", [])
    if len(values) != 1:
        raise unauthorized()
    scheme, _, token = values[0].partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise unauthorized()
    return token


def tenant_of(request: web.Request, identity: Identity, source: TenantSource) -> str:
    """Return the tenant the request is about; raises Refused 403 for somebody else's, or 400."""
    match source:
        case FromPath(parameter=parameter):
            wanted = request.match_info[parameter]
        case FromToken(header=header):
            if not request.headers.getall(header, []) and len(identity.tenants) == 1:
                return identity.tenants[0]
            wanted = _one_header(request, header)
        case FromHeader(header=header):
            wanted = _one_header(request, header)
        case _:
            assert_never(source)
    if wanted not in identity.tenants:
        message = "The token is not for this tenant"
        raise Refused("forbidden", message)
    return wanted


def require_scope(identity: Identity, scope: Scope) -> None:
    """Raise Refused 403 unless the token has `scope`, or one that implies it."""
    if scope not in identity.scopes:
        message = f"The token lacks the scope {scope}"
        raise Refused("forbidden", message)


def anonymous(request: web.Request, source: TenantSource) -> Principal:
    """Return the principal of an open route: no subject, no scope, the path's tenant if any.

    Raises Refused 404 when the path names what cannot be a tenant.
    """
    if not isinstance(source, FromPath):
        return Principal(subject="", tenant="")
    tenant = request.match_info[source.parameter]
    if not is_valid_tenant(tenant):
        message = "There is nothing here"
        raise Refused("not_found", message)
    return Principal(subject="webhook", tenant=tenant, method="webhook")


def _one_header(request: web.Request, name: str) -> str:
    values = request.headers.getall(name, [])
    if len(values) != 1 or not values[0]:
        message = f"Send the tenant in one {name} header"
        raise refused_field(message, name)
    return values[0]


def _require_access_type(header: Mapping[str, object]) -> None:
    if str(header.get("typ", "JWT")).lower() not in _ACCESS_TYPES or "crit" in header:
        raise unauthorized()


def _identity_of(claims: Mapping[str, object]) -> Identity:
    for claim in ("typ", "token_use"):
        if str(claims.get(claim, "")).lower() in _OTHER_USES:
            raise unauthorized()
    subject, scope = claims.get("sub", ""), claims.get("scope", "")
    if not isinstance(subject, str) or not isinstance(scope, str) or "\0" in subject:
        raise unauthorized()
    return Identity(subject=subject, tenants=_tenants(claims["tenant"]), scopes=scopes_of(scope))


def _tenants(claim: object) -> tuple[str, ...]:
    named = claim if isinstance(claim, list) else [claim]
    tenants = tuple(name for name in named if isinstance(name, str) and is_valid_tenant(name))
    if not tenants or len(tenants) != len(named) or len(tenants) > MAX_TENANTS:
        raise unauthorized()
    return tenants


def _ms(seconds: object) -> int:
    """Return a NumericDate in ms; raises TypeError, ValueError for anything else."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        message = "A time in the token is not a number"
        raise TypeError(message)
    if not math.isfinite(seconds) or abs(seconds) > 2**40:
        message = "A time in the token is out of range"
        raise ValueError(message)
    return int(seconds * 1000)
