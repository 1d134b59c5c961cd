"""How the conformance suites open this backend."""

from pathlib import Path

from baton.backends.memory import BACKEND
from baton.eventlog.ports.backend import StoreLocation, Stores


async def open_stores(folder: Path) -> Stores:
    """Return fresh stores."""
    return await BACKEND.open(StoreLocation(secrets_key=b"a key for tests, 32 bytes long.."))
