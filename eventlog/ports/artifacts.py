"""The port of artifacts: large values of runs, named by the SHA-256 of their canonical JSON."""

from typing import Protocol


class Artifacts(Protocol):
    """Values by their hash, each stored once however many tenants own it.

    A tenant sees only the values that it owns. A value is kept as long as events name it, and
    events are kept for ever. The hash is verified when a value is written and when it is read. All
    methods raise `Unavailable`.
    """

    async def put(self, tenant: str, sha256: str, raw: bytes) -> None:
        """Store a value and make `tenant` an owner; durable when it returns.

        Putting it again changes nothing. Raises `Unwritable` if `sha256` is not the hash of `raw`.
        """
        ...

    async def get(self, tenant: str, sha256: str) -> bytes | None:
        """Return a value that `tenant` owns, None if the tenant owns no such value.

        Raises `Unreadable` if the stored bytes don't have this hash.
        """
        ...
