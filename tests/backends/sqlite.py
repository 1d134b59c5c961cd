"""Opens the SQLite backend for the conformance suites."""

from pathlib import Path

from baton.backends.sqlite import BACKEND
from baton.backends.sqlite.events.archive import open_archive as _open_archive
from baton.eventlog.ports.archive import Archive
from baton.eventlog.ports.backend import StoreLocation, Stores

KEY = b"a key for tests, 32 bytes long.."


async def settings(folder: Path) -> dict[str, str]:
    """Return the settings of stores in `folder`."""
    return {"store": f"sqlite:///{folder}/baton.db"}


async def open_stores(folder: Path) -> Stores:
    """Return the stores that live in `folder`."""
    return await BACKEND.open(StoreLocation(folder=folder, secrets_keys=(KEY,)))


async def open_archive(folder: Path, *, read_only: bool) -> Archive:
    """Return the events of the stores that live in `folder`."""
    return await _open_archive(
        StoreLocation(folder=folder, secrets_keys=(KEY,), read_only=read_only)
    )
