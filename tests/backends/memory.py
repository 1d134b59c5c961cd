"""Opens the memory backend for the conformance suites."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from baton.backends.memory import BACKEND
from baton.eventlog.ports.backend import StoreLocation, Stores
from tests.kit.partitioned_log import MemoryPartitionedLog


async def settings(folder: Path) -> dict[str, str]:
    """Return the settings of stores in memory."""
    return {"store": "memory:"}


async def open_stores(folder: Path) -> Stores:
    """Return new stores, whatever the folder."""
    return await BACKEND.open(StoreLocation(secrets_keys=(b"a key for tests, 32 bytes long..",)))


open_topics = open_stores


@asynccontextmanager
async def open_partitioned_log(folder: Path) -> AsyncIterator[MemoryPartitionedLog]:
    """Yield a partitioned log of one process."""
    yield MemoryPartitionedLog()
