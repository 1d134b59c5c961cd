"""The public keys of an identity provider, fetched from the configured JWKS address.

A key verifies one algorithm, given by its type: RSA RS256, P-256 ES256, Ed25519 EdDSA. Symmetric
keys are ignored. A token with an unknown `kid` makes Baton fetch the key set again, but at most
once in `_REFETCH_MS`, so that clients can't make it flood the provider.
"""

import asyncio
from collections.abc import Mapping

import aiohttp
import jwt
import orjson

from baton.command_api.security.auth import VerifyingKey, unauthorized
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock

_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_FRESH_MS = 600_000
"""Age at which the key set is fetched again."""
_REFETCH_MS = 30_000
"""Age at which an unknown `kid` makes Baton fetch the key set again."""
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_MAX_BYTES = 1024 * 1024


class JwksKeys:
    """Keys by `kid`; a token without a `kid` is verified only if the set has a single key."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url, self._clock = url, clock
        self._keys: dict[str, tuple[jwt.PyJWK, str]] = {}
        self._fetched_at: int | None = None
        self._fetching = asyncio.Lock()

    async def key_of(self, header: Mapping[str, object]) -> tuple[VerifyingKey, str]:
        """Return the key that a token names; raises Refused 401, and Unavailable without keys."""
        kid = header.get("kid")
        await self._refresh(_FRESH_MS)
        found = self._find(kid)
        if found is None:
            await self._refresh(_REFETCH_MS)
            found = self._find(kid)
        if found is None:
            raise unauthorized()
        return found

    def _find(self, kid: object) -> tuple[jwt.PyJWK, str] | None:
        if isinstance(kid, str):
            return self._keys.get(kid)
        only = list(self._keys.values())
        return only[0] if kid is None and len(only) == 1 else None

    async def _refresh(self, older_than_ms: int) -> None:
        """Fetch the set if it is older than that; keep the old set while the provider fails."""
        async with self._fetching:
            now = self._clock.now()
            if self._fetched_at is not None and now - self._fetched_at < older_than_ms:
                return
            try:
                self._keys = _usable(await self._fetch())
            except (aiohttp.ClientError, TimeoutError, ValueError, TypeError) as error:
                if not self._keys:
                    message = "The identity provider's keys can't be fetched"
                    raise Unavailable(message) from error
            self._fetched_at = now

    async def _fetch(self) -> object:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=False) as session,
            session.get(self._url, allow_redirects=False) as response,
        ):
            if response.status != 200:  # noqa: PLR2004 - redirects are refused, too
                message = f"The address of the key set answered {response.status}"
                raise ValueError(message)
            body = await response.content.read(_MAX_BYTES)
            while chunk := await response.content.read(_MAX_BYTES):
                body += chunk
                if len(body) > _MAX_BYTES:
                    message = "The key set is too large"
                    raise ValueError(message)
            return orjson.loads(body)


def _usable(document: object) -> dict[str, tuple[jwt.PyJWK, str]]:
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        message = "The key set has no keys"
        raise TypeError(message)
    keys: dict[str, tuple[jwt.PyJWK, str]] = {}
    for one in listed:
        found = _key(one)
        if found is not None:
            keys[str(one.get("kid", ""))] = found
    return keys


def _key(one: object) -> tuple[jwt.PyJWK, str] | None:
    """Return the key if Baton can verify with it; RFC 7517 asks to ignore any other."""
    if not isinstance(one, dict) or one.get("use", "sig") != "sig":
        return None
    algorithm = _ALGORITHMS.get((str(one.get("kty")), one.get("crv")))
    if algorithm is None or one.get("alg", algorithm) != algorithm:
        return None
    try:
        return jwt.PyJWK(one, algorithm=algorithm), algorithm
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
