"""The public keys of an identity provider, fetched from the configured JWKS address.

A key verifies one algorithm, given by its type: RSA RS256, P-256 ES256, Ed25519 EdDSA. Symmetric
keys and RSA keys under 2,048 bits are ignored. All requests share one fetch, which has a deadline.
A failure is remembered like a success, so that clients can't make Baton flood the provider, and a
hanging provider delays requests only once.
"""

import asyncio
import logging
from collections.abc import Mapping

import aiohttp
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from baton.command_api.security.claims import unauthorized
from baton.command_api.security.token_keys import KeyChoice
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.clock import Clock

_log = logging.getLogger("baton.api")

_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
FRESH_MS = 300_000
"""The age at which the key set is fetched again, in ms: a withdrawn key ends within this time."""
REFETCH_MS = 30_000
"""The age at which an unknown `kid` makes Baton fetch the key set again, in ms."""
RETRY_MS = 10_000
"""The time for which a failed fetch is not repeated, in ms."""
MAX_AGE_MS = 24 * 3_600_000
"""The age at which a key set is no longer used although the provider fails, in ms."""
MIN_RSA_BITS = 2_048
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_MAX_BYTES = 1024 * 1024


class JwksKeys:
    """Keys by `kid`; a token without a `kid` is verified only if the set has a single key.

    If the last fetch failed, the old key set stays in use meanwhile: requests only wait for a
    provider that isn't known to fail.
    """

    algorithms = frozenset(_ALGORITHMS.values())

    def __init__(self, url: str, clock: Clock) -> None:
        self._url, self._clock = url, clock
        self._keys: dict[str, tuple[jwt.PyJWK, str]] = {}
        self._fetched_at: int | None = None
        self._failed_at: int | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def keys_of(self, header: Mapping[str, object]) -> KeyChoice:
        """Return the key that a token names; raises Refused 401, and Unavailable without keys."""
        kid = header.get("kid")
        await self._refresh(FRESH_MS)
        choice = self._find(kid)
        if choice is None:
            await self._refresh(REFETCH_MS)
            choice = self._find(kid)
        if choice is None:
            raise unauthorized()
        return KeyChoice(keys=(choice[0],), algorithm=choice[1], until=self._due())

    def _find(self, kid: object) -> tuple[jwt.PyJWK, str] | None:
        if isinstance(kid, str):
            return self._keys.get(kid)
        only = list(self._keys.values())
        return only[0] if kid is None and len(only) == 1 else None

    def _due(self) -> int:
        """Return when the keys must be requested again, in ms."""
        fresh_until = (self._fetched_at or 0) + FRESH_MS
        retry_at = 0 if self._failed_at is None else self._failed_at + RETRY_MS
        return max(fresh_until, retry_at)

    async def _refresh(self, older_than_ms: int) -> None:
        """Fetch the set if it is too old; raises Unavailable without a usable set."""
        now = self._clock.now()
        fresh = self._fetched_at is not None and now - self._fetched_at < older_than_ms
        failing = self._failed_at is not None
        if not fresh and not (failing and now - (self._failed_at or 0) < RETRY_MS):
            fetching = self._shared_fetch()
            if not failing or not self._usable_at(now):
                await asyncio.shield(fetching)
        if not self._usable_at(self._clock.now()):
            message = "The identity provider's keys can't be fetched"
            raise Unavailable(message)

    def _usable_at(self, now: int) -> bool:
        return self._fetched_at is not None and now - self._fetched_at < MAX_AGE_MS

    def _shared_fetch(self) -> "asyncio.Task[None]":
        """Return the running fetch, or begin one; it records its result and raises nothing."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch_once(), name="fetch key set")
        return self._fetching

    async def _fetch_once(self) -> None:
        try:
            self._keys = _usable(await self._fetch())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError) as error:
            self._failed_at = self._clock.now()
            _log.warning("The identity provider's keys can't be fetched: %s", type(error).__name__)
        else:
            self._fetched_at, self._failed_at = self._clock.now(), None

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
    for entry in listed:
        usable = _key(entry)
        if usable is not None:
            keys[str(entry.get("kid", ""))] = usable
    return keys


def _key(entry: object) -> tuple[jwt.PyJWK, str] | None:
    """Return the key if Baton can verify with it; RFC 7517 says to ignore other keys."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    algorithm = _ALGORITHMS.get((str(entry.get("kty")), entry.get("crv")))
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < MIN_RSA_BITS:
        return None
    return key, algorithm
