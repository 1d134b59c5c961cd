"""API keys as bearer credentials: verification, and the end of a revoked key on every server.

A verified key is cached, so that a request costs no round trip. It may be used from the cache only
while this process knows that nothing was revoked: at most `FRESH_MS` after it began its last
successful look at the announcements of `baton.command_api.commands.access`, or after it read the
key itself. A look that fails or is late makes no key valid for longer: each request then reads its
key from the event store, and is refused while that is unavailable. Decision 0026 has the reasons.

Views take no part, as they may lag. Every key that isn't valid gets the 401 of tokens.
"""

import logging
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from baton.command_api.commands.access import ACCESS, api_key_stream
from baton.command_api.principal import Identity, scopes_of
from baton.command_api.security.claims import unauthorized
from baton.command_api.security.identity_cache import IdentityCache
from baton.domain.api_key.decisions import DECIDER as API_KEY
from baton.domain.api_key.state import State as ApiKey
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.load import load
from baton.eventlog.ports.api_key_uses import ApiKeyUses
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import Checkpoints, EventStore
from baton.protocols.api_key_text import MAX_LENGTH, parse_key

LOOK_MS: Final = 200
"""The pause between two looks at the announcements."""
FRESH_MS: Final = 800
"""The age of a look from which on no key is used from the cache."""
KEEP_MS: Final = 60_000
"""The time after which a key is read again although nothing was announced.

It bounds the life of a key whose revocation was stored, but cut off before its announcement.
"""
SAVE_USES_MS: Final = 60_000
"""The pause between two writes of the last uses."""

_log = logging.getLogger("baton.api")


@dataclass(slots=True)
class _Verified:
    """A valid key; times are ms since the epoch, UTC.

    `read_at` is the time before its events were read, `until` the end of its place in the cache.
    """

    identity: Identity
    key_id: str
    read_at: int
    until: int


class ApiKeyAuthenticator:
    """Verifies API keys. `run` keeps cached keys usable; without it each is read very often."""

    def __init__(
        self, events: EventStore, checkpoints: Checkpoints, uses: ApiKeyUses, clock: Clock
    ) -> None:
        self._events, self._checkpoints, self._uses = events, checkpoints, uses
        self._clock = clock
        self._cache = IdentityCache[_Verified]()
        self._announced = -1
        self._looked_at = 0
        self._used: dict[str, int] = {}
        self._saved_at = clock.now()

    async def identify(self, text: str) -> Identity:
        """Return the identity of a key; raises Refused 401, and `Unavailable`."""
        if len(text) > MAX_LENGTH:
            raise unauthorized()
        digest = sha256(text.encode("utf-8", "surrogateescape")).digest()
        now = self._clock.now()
        known = self._cache.get(digest)
        if known is None or not self._is_usable(known, now):
            known = await self._verify(text, digest, now)
        self._used[known.key_id] = now
        return known.identity

    async def run(self) -> None:
        """Look for announcements, and save the last uses now and then, until cancelled."""
        while True:
            try:
                await self.look()
                if self._clock.now() - self._saved_at >= SAVE_USES_MS:
                    await self.save_uses()
            except Unavailable as error:
                _log.debug("API keys are read from the store meanwhile: %s", error)
            await self._clock.idle(LOOK_MS)

    async def look(self) -> None:
        """Forget every key if a change was announced; raises `Unavailable`."""
        began = self._clock.now()
        announced = await self._checkpoints.load(ACCESS)
        changed = announced != self._announced
        if changed:
            self._announced = announced
            self._cache = IdentityCache()
        self._looked_at = began
        if changed:
            await self._events.head()  # the log delivers what a process beside this one appended

    async def save_uses(self) -> None:
        """Save the last uses since the last call; raises `Unavailable`, and keeps them then."""
        used, self._used = self._used, {}
        self._saved_at = self._clock.now()
        try:
            await self._uses.record(used)
        except Unavailable:
            self._used = {**used, **self._used}
            raise

    def _is_usable(self, known: _Verified, now: int) -> bool:
        """Return whether a cached key may be used; a clock that was set back says no."""
        return now < known.until and 0 <= now - max(known.read_at, self._looked_at) < FRESH_MS

    async def _verify(self, text: str, digest: bytes, now: int) -> _Verified:
        named = parse_key(text)
        if named is None:
            raise unauthorized()
        cache = self._cache
        stream = api_key_stream(named.tenant, named.key_id)
        key = (await load(self._events, API_KEY, stream)).state
        if not compare_digest(key.key_hash, digest.hex()) or not key.is_valid_at(now):
            raise unauthorized()
        until = now + KEEP_MS if key.expires_at is None else min(key.expires_at, now + KEEP_MS)
        verified = _Verified(_identity_of(key), key.key_id, now, until)
        # A cache that was emptied meanwhile is another one: the key may have been read too early.
        cache.put(digest, verified)
        return verified


def _identity_of(key: ApiKey) -> Identity:
    return Identity(
        subject=key.name,
        tenants=(key.tenant,),
        scopes=scopes_of(" ".join(key.scopes)),
        groups=key.groups,
        method="key",
        key_id=key.key_id,
    )
