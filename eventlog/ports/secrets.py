"""The port of secrets, which are stored encrypted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """The number of secrets that now have the newest key, and the ids of unreadable secrets."""

    moved: int
    unreadable: Sequence[str]


class Secrets(Protocol):
    """Secrets by tenant and id, which Baton never shows. All methods raise `Unavailable`."""

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`."""
        ...

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value, None if there is none.

        Raises `Unreadable` if the value was encrypted with a key that isn't configured.
        """
        ...

    async def forget(self, tenant: str, secret_id: str) -> None:
        """Delete a value, if it still exists."""
        ...
