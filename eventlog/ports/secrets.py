"""The port of secrets, which are stored encrypted."""

from typing import Protocol


class Secrets(Protocol):
    """Secrets by tenant and id. They are used, but never shown. All methods raise `Unavailable`."""

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Encrypt and store `value`."""
        ...

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the decrypted value, None if there is none.

        Raises `Unreadable` if it was encrypted with another key.
        """
        ...
