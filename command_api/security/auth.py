"""Bearer tokens: verification, and the tenant and the scope of a request.

A key verifies one algorithm, whatever the token's header names: an HMAC secret HS256, a key of the
JWKS its own. `jku`, `x5u` and `jwk` in a header are ignored. Every invalid token gets the same 401.
Beyond PyJWT, `exp` and `tenant` are required, and times are compared with the injected clock.
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
"""Tolerated difference between the issuer's clock and this one."""
MIN_SECRET_BYTES = 32
MAX_TOKEN = 8_192
MAX_TENANTS = 100
MAX_CACHED = 10_000
"""Verified tokens that are cached; a full cache drops the oldest tenth."""

_ACCESS_TYPES = frozenset(("jwt", "at+jwt", "application/at+jwt"))
_OTHER_USES = frozenset(("refresh", "offline", "id"))

VerifyingKey: TypeAlias = "str | bytes | jwt.PyJWK"


class KeySource(Protocol):
    """The source of the keys that verify tokens."""

    async def key_of(self, header: Mapping[str, object]) -> tuple[VerifyingKey, str]:
        """Return the key for a token's header, and its only algorithm.

        Raises Refused 401 for an unknown key, and Unavailable.
        """
        ...


class SharedSecret:
    """One HS256 secret of at least 32 bytes; raises ValueError for an unsuitable one."""

    def __init__(self, secret: str) -> None:
        if len(secret.encode()) < MIN_SECRET_BYTES:
            message = f"The JWT secret must have at least {MIN_SECRET_BYTES} bytes"
            raise ValueError(message)
        try:
            jwt.encode({}, secret, algorithm="HS256")
        except jwt.InvalidKeyError:
            message = "The JWT secret is a public key or a certificate; use a random secret"
            raise ValueError(message) from None
        self._secret = secret

    async def key_of(self, header: Mapping[str, object]) -> tuple[VerifyingKey, str]:
        """Return the secret, whichever key or algorithm the header names."""
        del header
        return self._secret, "HS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedClaims:
    """The required `iss` and `aud` of a token; None requires nothing."""

    issuer: str | None = None
    audience: str | None = None


class TokenAuthenticator:
    """Verifies JWTs, and caches valid ones by their hash until they expire."""

    def __init__(
        self, keys: KeySource, clock: Clock, expected: ExpectedClaims | None = None
    ) -> None:
        self._keys, self._clock = keys, clock
        self._expected = expected or ExpectedClaims()
        self._cache: dict[bytes, tuple[Identity, int]] = {}

    async def identify(self, token: str) -> Identity:
        """Return the identity of `token`; raises Refused 401, and Unavailable without keys."""
        if len(token) > MAX_TOKEN:
            raise unauthorized()
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        cached = self._cache.get(digest)
        if cached is not None and self._clock.now() < cached[1]:
            return cached[0]
        identity, until = await self._verify(token)
        self._store(digest, identity, until)
        return identity

    async def _verify(self, token: str) -> tuple[Identity, int]:
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
                    "require": self._required_claims(),
                    "verify_aud": self._expected.audience is not None,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
            return _identity_of(claims), self._expiry_of(claims)
        # Invalid base64, UTF-8 or JSON in a token surfaces as any of these.
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
            raise unauthorized() from None

    def _required_claims(self) -> list[str]:
        given = {"iss": self._expected.issuer, "aud": self._expected.audience}
        return ["exp", "tenant", *(claim for claim, value in given.items() if value is not None)]

    def _expiry_of(self, claims: Mapping[str, object]) -> int:
        """Return when the token expires, in ms; raises ValueError if it isn't valid now."""
        now = self._clock.now()
        until = _ms(claims["exp"]) + LEEWAY_MS
        begins = max(_ms(claims.get("nbf", 0)), _ms(claims.get("iat", 0))) - LEEWAY_MS
        if not begins <= now < until:
            message = "The token has expired or isn't valid yet"
            raise ValueError(message)
        return until

    def _store(self, digest: bytes, identity: Identity, until: int) -> None:
        if len(self._cache) >= MAX_CACHED:
            for oldest in list(self._cache)[: MAX_CACHED // 10]:
                del self._cache[oldest]
        self._cache[digest] = (identity, until)


def unauthorized() -> Refused:
    """Return the only 401 for tokens, which doesn't say which check failed."""
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
    """Return the tenant of the request; raises Refused 403 for another tenant's token, or 400."""
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
        message = "The token isn't valid for this tenant"
        raise Refused("forbidden", message)
    return wanted


def require_scope(identity: Identity, scope: Scope) -> None:
    """Raise Refused 403 unless the token has `scope` or a scope that implies it."""
    if scope not in identity.scopes:
        message = f"The token lacks the scope {scope}"
        raise Refused("forbidden", message)


def anonymous(request: web.Request, source: TenantSource) -> Principal:
    """Return the principal of an open route: no scope, and the tenant that the path names, if any.

    Raises Refused 404 if the path names no valid tenant.
    """
    if not isinstance(source, FromPath):
        return Principal(subject="", tenant="")
    tenant = request.match_info[source.parameter]
    if not is_valid_tenant(tenant):
        message = "There is nothing at this path"
        raise Refused("not_found", message)
    return Principal(subject="webhook", tenant=tenant, method="webhook")


def _one_header(request: web.Request, name: str) -> str:
    values = request.headers.getall(name, [])
    if len(values) != 1 or not values[0]:
        message = f"Name the tenant in one {name} header"
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
    """Return a NumericDate in ms; raises TypeError or ValueError for any other value."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        message = "A time in the token isn't a number"
        raise TypeError(message)
    if not math.isfinite(seconds) or abs(seconds) > 2**40:
        message = "A time in the token is out of range"
        raise ValueError(message)
    return int(seconds * 1000)
