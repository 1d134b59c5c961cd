"""The port of secrets, sealed at rest."""

from typing import Protocol


class Secrets(Protocol):
    """Values that are written once, sealed at rest, and only ever used, never shown."""

    async def put(self, tenant: str, secret_id: str, value: str) -> None:
        """Seal and keep `value`."""
        ...

    async def get(self, tenant: str, secret_id: str) -> str | None:
        """Return the value for use."""
        ...
