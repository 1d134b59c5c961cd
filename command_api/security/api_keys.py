"""API keys as bearer credentials: verification, and the end of a revoked key on every server.

A verified key is kept in memory, so that a request costs no round trip, and is used from there
while the access watch says that it holds. Views aren't used, because they may lag. Every invalid
key gets the same 401 as a token.
"""

import logging
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from baton.command_api.commands.access import api_key_stream
from baton.command_api.principal import Identity, scopes_of
from baton.command_api.security.access_watch import AccessWatch, Reading
from baton.command_api.security.claims import unauthorized
from baton.command_api.security.identity_cache import IdentityCache
from baton.domain.api_key.decisions import DECIDER as API_KEY
from baton.domain.api_key.state import State as ApiKey
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.load import load
from baton.eventlog.ports.api_key_uses import ApiKeyUses
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore
from baton.protocols.api_key_text import MAX_LENGTH, parse_key

SAVE_USES_MS: Final = 60_000
"""The pause between two writes of the last uses, in ms."""

_log = logging.getLogger("baton.api")


@dataclass(slots=True)
class _Verified:
    """A valid key, and the reading that verified it; times are ms since the epoch, UTC."""

    identity: Identity
    key_id: str
    reading: Reading
    expires_at: int | None


class ApiKeyAuthenticator:
    """Verifies API keys. Unless `watch` reads announcements, each key is read very often."""

    def __init__(
        self, events: EventStore, watch: AccessWatch, uses: ApiKeyUses, clock: Clock
    ) -> None:
        self._events, self._watch, self._uses = events, watch, uses
        self._clock = clock
        self._cache = IdentityCache[_Verified]()
        self._used: dict[str, int] = {}

    async def identify(self, text: str) -> Identity:
        """Return the identity of a key; raises Refused 401, and `Unavailable`."""
        if len(text) > MAX_LENGTH:
            raise unauthorized()
        digest = sha256(text.encode("utf-8", "surrogateescape")).digest()
        now = self._clock.now()
        known = self._cache.get(digest)
        if known is None or not self._is_usable(known, now):
            known = await self._verify(text, digest)
        self._used[known.key_id] = now
        return known.identity

    async def run(self) -> None:
        """Save the last uses at intervals, until cancelled."""
        while True:
            await self._clock.idle(SAVE_USES_MS)
            try:
                await self.save_uses()
            except Unavailable as error:
                _log.debug("the last uses of API keys are saved later: %s", error)

    async def save_uses(self) -> None:
        """Save the last uses since the last call; raises `Unavailable`, and then keeps them."""
        used, self._used = self._used, {}
        try:
            await self._uses.record(used)
        except Unavailable:
            self._used = {**used, **self._used}
            raise

    def _is_usable(self, known: _Verified, now: int) -> bool:
        expired = known.expires_at is not None and now >= known.expires_at
        return not expired and self._watch.holds(known.reading, now)

    async def _verify(self, text: str, digest: bytes) -> _Verified:
        key_name = parse_key(text)
        if key_name is None:
            raise unauthorized()
        reading = self._watch.begin()
        stream = api_key_stream(key_name.tenant, key_name.key_id)
        key = (await load(self._events, API_KEY, stream)).state
        if not compare_digest(key.key_hash, digest.hex()) or not key.is_valid_at(reading.at):
            raise unauthorized()
        verified = _Verified(_identity_of(key), key.key_id, reading, key.expires_at)
        self._cache.put(digest, verified)
        return verified


def _identity_of(key: ApiKey) -> Identity:
    return Identity(
        subject=key.name,
        tenants=(key.tenant,),
        scopes=scopes_of(" ".join(key.scopes)),
        groups=key.groups,
        method="key",
        key_id=key.key_id,
        expires_at=key.expires_at,
    )
