"""Idempotency-Key: a repeated request has one effect and gets the first response again.

The key is claimed before the handler runs, and a 2xx response is stored after it. The handler's
ids are derived from the key (`RequestContext.new_id`), so a crash in between creates no duplicate.
This follows draft-ietf-httpapi-idempotency-key-header; keys are kept for 24 h, per tenant.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256

from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.keys import IdempotencyKeys, StoredResponse

HEADER = "Idempotency-Key"
REPLAYED = ("Idempotent-Replayed", "true")
MAX_KEY = 255

_WAIT_MS = 5_000
_POLL_MS = 25
_SUCCESS = range(200, 300)


def read_key(values: list[str]) -> str | None:
    """Return the request's key, or None without one; raises Refused 400 for an invalid key."""
    if not values:
        return None
    key = values[0]
    readable = key.isascii() and key.isprintable()
    if len(values) > 1 or not 0 < len(key) <= MAX_KEY or not readable:
        message = f"{HEADER} must be one value of 1 to {MAX_KEY} printable ASCII characters"
        raise Refused("validation_error", message)
    return key


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    """Return a hash that is equal for equal requests: a key belongs to one of them."""
    digest = sha256(f"{method}\n{path}\n".encode())
    digest.update(body)
    return digest.hexdigest()


class KeyedRequest:
    """A request with an idempotency key, which belongs to its tenant."""

    __slots__ = ("_clock", "_fingerprint", "_key", "_keys", "_tenant")

    def __init__(
        self, keys: IdempotencyKeys, clock: Clock, *, tenant: str, key: str, fingerprint: str
    ) -> None:
        self._keys, self._clock = keys, clock
        self._tenant, self._key, self._fingerprint = tenant, key, fingerprint

    async def run(self, work: Callable[[], Awaitable[Reply]]) -> Reply:
        """Return the stored response, or call `work` and store its reply if the status is 2xx.

        An exception of `work`, or another status, releases the key. Raises Refused 422 if the key
        belongs to another request, and 409 if the first request hasn't finished after 5 s.
        """
        stored = await self._claim()
        if stored is not None:
            return _replayed(stored)
        try:
            reply = await work()
        except BaseException:
            await self._keys.release(self._tenant, self._key)
            raise
        if reply.status in _SUCCESS:
            await self._keys.complete(self._tenant, self._key, response=_stored(reply))
        else:
            await self._keys.release(self._tenant, self._key)
        return reply

    async def _claim(self) -> StoredResponse | None:
        """Claim the key and return None, or return the response stored for it."""
        for _ in range(_WAIT_MS // _POLL_MS):
            claim = await self._keys.claim(
                self._tenant, self._key, fingerprint=self._fingerprint, at=self._clock.now()
            )
            match claim.outcome:
                case "claimed":
                    return None
                case "answered":
                    return claim.response
                case "mismatch":
                    message = f"This {HEADER} was used for another request; use a new key"
                    raise Refused("idempotency_key_reused", message)
                case "busy":
                    await self._clock.idle(_POLL_MS)
        message = f"The first request with this {HEADER} is still running; try again later"
        raise Refused("conflict", message)


_POSITION = "baton-position"
_CONTENT_TYPE = "content-type"


def _stored(reply: Reply) -> StoredResponse:
    headers = [*reply.headers, (_CONTENT_TYPE, reply.content_type)]
    if reply.position is not None:
        headers.append((_POSITION, str(reply.position)))
    return StoredResponse(status=reply.status, headers=tuple(headers), body=reply.body)


def _replayed(stored: StoredResponse) -> Reply:
    headers = dict(stored.headers)
    position = headers.pop(_POSITION, None)
    content_type = headers.pop(_CONTENT_TYPE)
    return Reply(
        status=stored.status,
        body=stored.body,
        content_type=content_type,
        position=None if position is None else int(position),
        headers=(*headers.items(), REPLAYED),
    )
