"""How the conformance suites open this backend."""

from pathlib import Path

from backends.sqlite import BACKEND
from eventlog.backend import Place, Stores


async def open_stores(folder: Path) -> Stores:
    """Return the stores that live in `folder`."""
    return await BACKEND.open(Place(folder=folder, sealing_key=b"a key for tests, 32 bytes long.."))
