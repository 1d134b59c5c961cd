"""Stores with random histories whose events are sealed, for the tests of their verification."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.signed_note import SigningKey
from baton.eventlog.notary.tree_writer import resume_tree
from baton.eventlog.ports.audit.leaf_store import LeafBlock, LeafStore
from baton.eventlog.ports.backend import Stores
from tests.conformance.deployments import store_openers, technologies
from tests.projector.histories import events_of

KEY = SigningKey("baton", bytes(range(32)))
KEYS = (KEY.verifier,)


def stored_history(seed: int, commands: int, *, artifacts: bool = False) -> list[Stored]:
    """Return a random history as a store holds it; positions have gaps."""
    return [
        Stored(one.position, one.stream, one.version, topic_of(one.event), encode(one.event))
        for one in events_of(seed, commands, artifacts=artifacts)
    ]


async def restore(backend: str, folder: Path, events: Sequence[Stored]) -> None:
    """Import events into the empty store of a folder."""
    archive = await technologies("open_archive")[backend].open_archive(folder, read_only=False)
    await archive.restore([events])
    await archive.close()


@asynccontextmanager
async def opened(backend: str, folder: Path) -> AsyncIterator[Stores]:
    """Open the stores of a folder until the block ends."""
    stores = await store_openers()[backend](folder)
    try:
        yield stores
    finally:
        await stores.close()


async def seal(leaves: LeafStore, key: SigningKey = KEY) -> None:
    """Seal every event that is stored."""
    writer = await resume_tree(leaves, key)
    while await writer.seal():
        pass


async def all_blocks(leaves: LeafStore) -> Sequence[LeafBlock]:
    """Return every block of leaves."""
    return await leaves.blocks(first=0, limit=1_000_000)
