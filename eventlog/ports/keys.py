"""The port of idempotency keys: the response to the first request with a key, kept for 24 hours."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """An HTTP response that is stored for an idempotency key."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """The result of claiming a key.

    "claimed": the caller performs the request, then completes or releases the key. "busy": another
    request with this key is being performed. "mismatch": the key was used for a different request.
    "answered": `response` is the response to the first request.
    """

    outcome: Literal["claimed", "busy", "mismatch", "answered"]
    response: StoredResponse | None = None


class IdempotencyKeys(Protocol):
    """Responses by tenant and key, kept for 24 hours. All methods raise `Unavailable`."""

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> KeyClaim:
        """Claim the key for a request.

        Args:
            fingerprint: Identifies the request by method, path and body.
            at: Now, ms since the epoch.
        """
        ...

    async def complete(self, tenant: str, key: str, *, response: StoredResponse) -> None:
        """Store the response to the request that claimed the key."""
        ...

    async def release(self, tenant: str, key: str) -> None:
        """Free a claimed key without a response: the command was refused."""
        ...
