"""Sessions of the UI: a credential, sealed in a cookie, that is valid only with the page's half.

A cookie is sent to every port of its host. So the page of a session keeps a secret of its own, the
half, in the storage of its origin, and the cookie has the half's hash. The credential is verified
with each request: the session ends with a revoked key, a removed user or an expired token. Any
server with the same sealing keys reads the cookie. Decision 0058 has the reasons.
"""

import secrets
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from baton.eventlog.errors import Unreadable
from baton.eventlog.secret_cipher import Sealed, SecretCipher

LIFETIME_MS: Final = 12 * 3_600_000
MAX_COOKIE: Final = 3_800
"""Characters of a cookie's value; browsers keep 4,096 bytes with name and attributes."""
MAX_ENDED: Final = 10_000
PURPOSE: Final = b"baton ui v1"
_ID: Final = "session"
_HALF_BYTES: Final = 24
_KEY_ID_BYTES: Final = 8
_SEPARATOR: Final = "\n"


class CredentialTooLong(Exception):
    """The credential doesn't fit into a cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """The two halves of a new session, and when it ends, in ms since the epoch."""

    cookie: str = field(repr=False)
    half: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as its cookie holds it; `expires_at` is in ms since the epoch."""

    credential: str = field(repr=False)
    half_hash: str
    expires_at: int


class Sessions:
    """The sessions that one server begins and reads.

    Args:
        keys: The sealing keys, the newest first. Without any, sessions end with the process.
        now: Returns ms since the epoch by the machine's clock, whatever clock runs follow.
        insecure: Allow sign-in over plain HTTP from other machines.
    """

    def __init__(
        self, keys: Sequence[bytes], now: Callable[[], int], *, insecure: bool = False
    ) -> None:
        self._cipher = SecretCipher(keys or (secrets.token_bytes(32),), PURPOSE)
        self.now = now
        self._ended: dict[bytes, int] = {}
        self.insecure = insecure

    def begin(self, credential: str, *, valid_ms: int | None) -> NewSession:
        """Return a new session of a valid credential; raises CredentialTooLong.

        Args:
            credential: A token or an API key.
            valid_ms: Milliseconds for which the credential is valid, None for no end.
        """
        lasts_ms = LIFETIME_MS if valid_ms is None else min(valid_ms, LIFETIME_MS)
        expires_at = self.now() + lasts_ms
        half = secrets.token_urlsafe(_HALF_BYTES)
        text = _SEPARATOR.join((str(expires_at), _hash(half), credential))
        sealed = self._cipher.seal_bytes("", _ID, zlib.compress(text.encode()))
        cookie = urlsafe_b64encode(bytes.fromhex(sealed.key_id) + sealed.encrypted).decode()
        if len(cookie) > MAX_COOKIE:
            raise CredentialTooLong
        return NewSession(cookie=cookie.rstrip("="), half=half, expires_at=expires_at)

    def find(self, cookie: str, half: str) -> Session | None:
        """Return the session of both halves; None if they don't belong together, or it ended."""
        session = self.open(cookie)
        if session is None or not compare_digest(session.half_hash, _hash(half)):
            return None
        return session

    def open(self, cookie: str) -> Session | None:
        """Return the session that a cookie holds; None if it holds none, or one that ended.

        A caller that hasn't checked the half must not use the credential.
        """
        raw = _bytes_of(cookie)
        if sha256(raw).digest() in self._ended:
            return None
        sealed = Sealed(raw[:_KEY_ID_BYTES].hex(), raw[_KEY_ID_BYTES:])
        try:
            text = zlib.decompress(self._cipher.open_bytes("", _ID, sealed)).decode()
        except Unreadable:
            return None
        expires_at, half_hash, credential = text.split(_SEPARATOR, 2)
        if self.now() >= int(expires_at):
            return None
        return Session(credential=credential, half_hash=half_hash, expires_at=int(expires_at))

    def end(self, cookie: str) -> None:
        """End the session of a cookie at this server, before its time."""
        now = self.now()
        if len(self._ended) >= MAX_ENDED:
            self._ended = {key: until for key, until in self._ended.items() if until > now}
        while len(self._ended) >= MAX_ENDED:
            del self._ended[next(iter(self._ended))]
        self._ended[sha256(_bytes_of(cookie)).digest()] = now + LIFETIME_MS


def _hash(half: str) -> str:
    return sha256(half.encode("utf-8", "surrogatepass")).hexdigest()


def _bytes_of(cookie: str) -> bytes:
    """Return the bytes that a cookie writes, none if it isn't one of this server's."""
    if len(cookie) > MAX_COOKIE or not cookie.isascii():
        return b""
    try:
        return urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    except NotBase64:
        return b""
