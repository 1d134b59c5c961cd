"""The port of idempotency keys: the first answer to each, kept 24 h."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An HTTP answer kept for an idempotency key."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """What claiming a key found.

    "claimed": go on and complete or release it; "busy": another request is being answered;
    "mismatch": the key belongs to another request; "answered": `answer` is the first answer.
    """

    outcome: Literal["claimed", "busy", "mismatch", "answered"]
    answer: StoredAnswer | None = None


class IdempotencyKeys(Protocol):
    """First answers by (tenant, key), kept 24 h."""

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> KeyClaim:
        """Claim the key for the request that `fingerprint` (method, path, body) names."""
        ...

    async def complete(self, tenant: str, key: str, *, answer: StoredAnswer) -> None:
        """Keep the answer of a claimed key."""
        ...

    async def release(self, tenant: str, key: str) -> None:
        """Give the key back: the command was refused."""
        ...
