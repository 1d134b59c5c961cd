"""Queries on the outcomes of bulks."""

from collections.abc import Iterator

from baton.domain.bulk.messages import Item, Outcome
from baton.domain.frozen import frozen
from baton.eventlog.ports.views import Filter, ViewStore
from baton.projector.view_reader import PAGE_SIZE, ViewReader, equal
from baton.projector.views.bulk_items.view import VIEW, Document

PARTS: int = 4
"""The number of parts that one read returns."""

Place = tuple[int, int]
"""The part of an item (its `seq`), and its index in the part."""


@frozen
class PlacedItem:
    """The outcome of one run in a round, and its place in the list."""

    item: Item
    round: int
    place: Place


class BulkItemQueries:
    """Reads outcomes of bulks; raises `Unavailable`."""

    def __init__(self, store: ViewStore) -> None:
        self._reader = ViewReader(store, VIEW)

    async def newest(
        self, tenant: str, bulk_id: str, outcome: Outcome | None, after: Place, *, limit: int
    ) -> list[PlacedItem]:
        """Return the newest outcome of each run, in the order of recording.

        Args:
            tenant: The tenant.
            bulk_id: The id of the bulk.
            outcome: Returns only items with this outcome; None returns all items.
            after: The place of the last item of the page before; (0, 0) for the first page.
            limit: The largest number of items.
        """
        repeated = await self._repeated(tenant, bulk_id)
        found: list[PlacedItem] = []
        seq = after[0]
        while parts := await self._parts(tenant, bulk_id, outcome, seq):
            for part in parts:
                found += [
                    one
                    for one in _items(part)
                    if one.place > after
                    and (outcome is None or one.item.outcome == outcome)
                    and repeated.get(one.item.run_id, part.round) == part.round
                ]
            if len(found) >= limit:
                break
            seq = parts[-1].seq + 1
        return found[:limit]

    async def _parts(
        self, tenant: str, bulk_id: str, outcome: Outcome | None, seq: int
    ) -> list[Document]:
        """Return the next parts from `seq` on that contain the outcome."""
        where = [equal("bulk_id", bulk_id), Filter(column="seq", op=">=", value=seq)]
        if outcome is not None:
            where.append(Filter(column=outcome, op="is_set"))
        return await self._reader.first(tenant, *where, order=(("seq", "asc"),), limit=PARTS)

    async def _repeated(self, tenant: str, bulk_id: str) -> dict[str, int]:
        """Return the newest round of each retried run, by run id."""
        rounds: dict[str, int] = {}
        where = (equal("bulk_id", bulk_id), Filter(column="round", op=">", value=1))
        seq = 0
        while parts := await self._reader.first(
            tenant,
            *where,
            Filter(column="seq", op=">=", value=seq),
            order=(("seq", "asc"),),
            limit=PAGE_SIZE,
        ):
            rounds |= {item.run_id: part.round for part in parts for item in part.items}
            seq = parts[-1].seq + 1
        return rounds


def _items(part: Document) -> Iterator[PlacedItem]:
    for index, item in enumerate(part.items):
        yield PlacedItem(item=item, round=part.round, place=(part.seq, index + 1))
