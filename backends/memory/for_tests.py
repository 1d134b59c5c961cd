"""How the conformance suites open this backend."""

from pathlib import Path

from backends.memory import BACKEND
from eventlog.backend import Place, Stores


async def open_stores(folder: Path) -> Stores:  # noqa: ARG001 - nothing is kept in it
    """Return fresh stores."""
    return await BACKEND.open(Place(sealing_key=b"a key for tests, 32 bytes long.."))
