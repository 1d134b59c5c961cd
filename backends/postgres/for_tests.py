"""How the conformance suites open this backend."""

from pathlib import Path

from backends.postgres import BACKEND
from eventlog.backend import Place, Stores
from tests.servers.postgres import database_for


async def open_stores(folder: Path) -> Stores:
    """Return the stores of the database that stands for `folder`."""
    url = await database_for(folder)
    return await BACKEND.open(Place(url=url, sealing_key=b"a key for tests, 32 bytes long.."))
