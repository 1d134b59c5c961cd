"""Opens the PostgreSQL backend for the conformance suites."""

from pathlib import Path

from baton.backends.postgres import BACKEND
from baton.backends.postgres.events.archive import open_archive as _open_archive
from baton.eventlog.ports.archive import Archive
from baton.eventlog.ports.backend import StoreLocation, Stores
from tests.servers.postgres import database_for

KEY = b"a key for tests, 32 bytes long.."


async def settings(folder: Path) -> dict[str, str]:
    """Return the settings of the database that stands for `folder`."""
    return {"store": await database_for(folder)}


async def open_stores(folder: Path) -> Stores:
    """Return the stores of the database that stands for `folder`."""
    url = await database_for(folder)
    return await BACKEND.open(StoreLocation(url=url, secrets_keys=(KEY,)))


async def open_archive(folder: Path, *, read_only: bool) -> Archive:
    """Return the events of the database that stands for `folder`."""
    url = await database_for(folder)
    return await _open_archive(StoreLocation(url=url, secrets_keys=(KEY,), read_only=read_only))
