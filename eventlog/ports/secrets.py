"""The port of secrets, which are stored encrypted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """The number of secrets that were moved to the newest key, and the ids of unreadable ones."""

    moved: int
    unreadable: Sequence[str]


class Secrets(Protocol):
    """Secrets by tenant and id. They are used, but never shown. All methods raise `Unavailable`."""

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`."""
        ...

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value, None if there is none.

        Raises `Unreadable` if it was encrypted with a key that isn't configured.
        """
        ...

    async def forget(self, tenant: str, secret_id: str) -> None:
        """Delete a value; it may be gone already."""
        ...
