"""Bearer tokens: verification, and the tenant and the scope of a request.

A key verifies one algorithm, whatever the token's header names: an HMAC secret HS256, a key of the
JWKS its own. `jku`, `x5u` and `jwk` in a header are ignored. Every invalid token gets the same 401.
Times are compared with the injected clock, not by PyJWT.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import assert_never

import jwt
from aiohttp import web
from jwt.types import Options

from baton.command_api.dialect.contract import FromHeader, FromPath, FromToken, TenantSource
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.principal import Identity, Principal, Scope, is_valid_tenant
from baton.command_api.security.claims import (
    ExpectedClaims,
    expiry_of,
    identity_of,
    require_access_type,
    unauthorized,
)
from baton.command_api.security.identity_cache import IdentityCache
from baton.command_api.security.signed_in_users import SignedInUsers
from baton.command_api.security.token_keys import KeySource, VerifyingKey
from baton.eventlog.ports.clock import Clock

MAX_TOKEN = 8_192
MAX_KEY_ID = 255
_TENANTS_SHOWN = 10
"""The number of a token's tenants that a refusal names."""

_UNVERIFIED: Options = {"verify_signature": False}
_OWN_TIME_CHECKS: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}


class TokenAuthenticator:
    """Verifies JWTs, and caches valid ones by their hash while their key is valid.

    A token is checked before its key is requested, so that a text that can't be a valid token never
    makes the source fetch keys.
    """

    def __init__(
        self,
        keys: KeySource,
        clock: Clock,
        expected: ExpectedClaims | None = None,
        users: SignedInUsers | None = None,
    ) -> None:
        """Make an authenticator.

        Args:
            keys: The source of the keys that verify tokens.
            clock: Gives the time at which a token must be valid.
            expected: The claims that tokens must have.
            users: Knows the users who sign in at this server; None if an identity provider signs.
        """
        self._keys, self._clock, self._users = keys, clock, users
        self._expected = expected or ExpectedClaims()
        self._cache = IdentityCache[tuple[Identity, int]]()

    async def identify(self, token: str) -> Identity:
        """Return the identity of `token`; raises Refused 401, and Unavailable without keys."""
        if len(token) > MAX_TOKEN:
            raise unauthorized()
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        cached = self._cache.get(digest)
        if cached is None or self._clock.now() >= cached[1]:
            try:
                cached = await self._verify(token)
            # Invalid base64, UTF-8 or JSON in a token raises one of these.
            except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
                raise unauthorized() from None
            self._cache.put(digest, cached)
        if cached[0].user_id is not None and self._users is not None:
            await self._users.require(cached[0])
        return cached[0]

    async def _verify(self, token: str) -> tuple[Identity, int]:
        """Return the identity, and the time in ms until which it may be cached."""
        parsed = jwt.decode_complete(token, options=_UNVERIFIED)
        header, claims = parsed["header"], parsed["payload"]
        self._check_header(header)
        self._check_claims(claims)
        identity, until = identity_of(claims), expiry_of(claims, self._clock.now())
        chosen = await self._keys.keys_of(header)
        for key in chosen.keys:
            if self._is_signed(token, key, chosen.algorithm):
                return identity, min(until, chosen.until or until)
        raise unauthorized()

    def _check_header(self, header: Mapping[str, object]) -> None:
        require_access_type(header)
        kid = header.get("kid", "")
        if header.get("alg") not in self._keys.algorithms:
            raise unauthorized()
        if not isinstance(kid, str) or len(kid) > MAX_KEY_ID:
            raise unauthorized()

    def _check_claims(self, claims: Mapping[str, object]) -> None:
        if any(claims.get(name) is None for name in self._expected.required()):
            raise unauthorized()
        if "aud" in claims and self._expected.audience is None:
            raise unauthorized()

    def _is_signed(self, token: str, key: VerifyingKey, algorithm: str) -> bool:
        """Return whether `key` signed the token; raises PyJWTError for wrong issuer or audience."""
        try:
            jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._expected.issuer,
                audience=self._expected.audience,
                options=_OWN_TIME_CHECKS,
            )
        except jwt.InvalidSignatureError:
            return False
        return True


def bearer_token(request: web.Request) -> str:
    """Return the token of the Authorization header; raises Refused 401."""
    values = request.headers.getall("Authorization", [])
    if len(values) != 1:
        raise unauthorized()
    return credential_in(values[0])


def credential_in(authorization: str) -> str:
    """Return the token or key of an Authorization header's value; raises Refused 401."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise unauthorized()
    return token


def tenant_of(request: web.Request, identity: Identity, source: TenantSource) -> str:
    """Return the tenant of the request; raises Refused 403 for another tenant's token, or 400."""
    match source:
        case FromPath(parameter=parameter):
            tenant = request.match_info[parameter]
        case FromToken(header=header):
            if not request.headers.getall(header, []) and len(identity.tenants) == 1:
                return identity.tenants[0]
            tenant = _one_header(request, header)
        case FromHeader(header=header):
            tenant = _one_header(request, header)
        case _:
            assert_never(source)
    return require_tenant(identity, tenant)


def require_tenant(identity: Identity, tenant: str) -> str:
    """Return a tenant that the token names; raises Refused 403 for another one."""
    if tenant not in identity.tenants:
        raise Refused("forbidden", _not_for(tenant, identity))
    return tenant


def _not_for(tenant: str, identity: Identity) -> str:
    valid = ", ".join(identity.tenants[:_TENANTS_SHOWN])
    more = ", …" if len(identity.tenants) > _TENANTS_SHOWN else ""
    shown_tenant = tenant if is_valid_tenant(tenant) else "this tenant"
    return f"The token is valid for {valid}{more}, not for {shown_tenant}"


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
