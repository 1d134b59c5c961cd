"""Leaf blocks and tree heads in PostgreSQL."""

from collections.abc import Mapping, Sequence

from baton.backends.postgres.database import Database
from baton.backends.postgres.events.statements import EVENTS
from baton.backends.sql.leaf_statements import LeafStatements
from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.derivation import Derivation
from baton.eventlog.ports.audit.leaf_store import (
    LEAF_BYTES,
    Derived,
    LeafBlock,
    PlacedLeaf,
    SealedHead,
)

_SQL = LeafStatements(
    prefix="baton.",
    events="public.stored_events",
    position="notification_id",
    wanted="SELECT * FROM unnest($1::text[], $2::bigint[]) AS named (stream, version)",
)


class PostgresLeafStore:
    """Implements `LeafStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._derivation = Derivation(self)

    async def events(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        return [Stored(*row) for row in await self._database.fetch(EVENTS.page, after, limit)]

    async def derive(self, *, after: int, limit: int) -> Derived:
        """Return the leaves of up to `limit` events after `after`."""
        return await self._derivation.derive(after=after, limit=limit)

    async def stream(self, name: str) -> Sequence[Stored]:
        """Return all events of a stream, undecoded, in order."""
        return [Stored(*row) for row in await self._database.look_up(EVENTS.stream, name, 0, None)]

    async def newest(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ((position,),) = await self._database.fetch(EVENTS.head)
        return int(position)

    async def leaves_of(self, wanted: Sequence[tuple[str, int]]) -> Mapping[str, PlacedLeaf]:
        """Return the leaves of events by their stream."""
        if not wanted:
            return {}
        streams, versions = zip(*wanted, strict=True)
        rows = await self._database.fetch(_SQL.leaves_of, streams, versions)
        return {
            stream: PlacedLeaf(index, leaf)
            for stream, index, leaf in rows
            if len(leaf) == LEAF_BYTES
        }

    async def blocks(self, *, first: int, limit: int) -> Sequence[LeafBlock]:
        """Return up to `limit` blocks with numbers from `first` on, in order."""
        return [LeafBlock(*row) for row in await self._database.fetch(_SQL.blocks, first, limit)]

    async def block_at(self, position: int) -> LeafBlock | None:
        """Return the last block that begins at `position` or before."""
        rows = await self._database.fetch(_SQL.block_at, position)
        return LeafBlock(*rows[0]) if rows else None

    async def roots(self) -> Sequence[bytes]:
        """Return the root of every block, in order."""
        return [root for (root,) in await self._database.fetch(_SQL.roots)]

    async def head(self, size: int | None = None) -> SealedHead | None:
        """Return the head of `size` leaves, or the newest one."""
        if size is None:
            rows = await self._database.fetch(_SQL.newest_head)
        else:
            rows = await self._database.fetch(_SQL.head, size)
        return SealedHead(*rows[0]) if rows else None

    async def heads(self, *, after: int, limit: int) -> Sequence[SealedHead]:
        """Return up to `limit` heads of more than `after` leaves, the smallest first."""
        return [SealedHead(*row) for row in await self._database.fetch(_SQL.heads, after, limit)]

    async def seal(
        self, blocks: Sequence[LeafBlock], head: SealedHead, *, instead_of: int | None = None
    ) -> None:
        """Store blocks and a head together."""
        async with self._database.transaction() as connection:
            for block in blocks:
                await connection.execute(_SQL.put_block, *block)
            await connection.execute(_SQL.put_head, *head)
            if instead_of is not None:
                await connection.execute(_SQL.delete_head, instead_of)
