"""Typed reading of one view: documents by key and by query, for the `queries` beside each view.

Every list has a total order, so that paging neither repeats nor skips an unchanged document.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from baton.eventlog.events.codec import decode_document
from baton.eventlog.ports.views import Filter, Query, ViewReads
from baton.projector.view import View

D = TypeVar("D")

Order: TypeAlias = Literal["asc", "desc"]
OrderBy: TypeAlias = tuple[tuple[str, Order], ...]
"""Columns to sort by, the most significant first."""

PAGE_SIZE = 500
"""The number of rows of one read in `every`."""


class ViewReader(Generic[D]):
    """Reads the documents of one view. Every method raises `Unavailable`.

    `tenant=None` reads the documents of all tenants; only services do so, never a request.
    """

    def __init__(self, store: ViewReads, view: View[D]) -> None:
        self._store = store
        self._table = view.name
        self._document = view.document

    async def get(self, tenant: str, key: str) -> D | None:
        """Return one document, decoded."""
        data = await self.get_bytes(tenant, key)
        return None if data is None else self.decode(data)

    async def get_bytes(self, tenant: str, key: str) -> bytes | None:
        """Return one document as it is stored."""
        return await self._store.get(self._table, tenant, key)

    def decode(self, data: bytes) -> D:
        """Return the document whose stored form is `data`."""
        return decode_document(self._document, data)

    async def get_many(self, tenant: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the documents that exist, by key, in their stored form; with one read."""
        found = await self._store.get_many(self._table, [(tenant, key) for key in keys])
        return {key: data for (_, key), data in found.items()}

    async def first(
        self, tenant: str | None, *where: Filter, limit: int, order: OrderBy = ()
    ) -> list[D]:
        """Return the first `limit` documents that match every filter."""
        query = Query(table=self._table, tenant=tenant, where=where, order=order, limit=limit)
        return await self._find(query)

    async def page_after(
        self, tenant: str, column: str, last: tuple[int, str] | None, *where: Filter, limit: int
    ) -> list[D]:
        """Return the documents after `last`, in descending order of a column, then by key.

        Args:
            tenant: The tenant.
            column: An integer column.
            last: The value and the key of the last document of the page before; None returns the
                first page.
            where: Further filters.
            limit: The largest number of documents.
        """
        found: list[D] = []
        if last is not None:
            value, key = last
            same = (*where, equal(column, value), Filter(column="key", op=">", value=key))
            found = await self.first(tenant, *same, limit=limit, order=(("key", "asc"),))
            where = (*where, Filter(column=column, op="<", value=value))
        if len(found) < limit:
            order: OrderBy = ((column, "desc"), ("key", "asc"))
            found += await self.first(tenant, *where, limit=limit - len(found), order=order)
        return found

    async def page(
        self, tenant: str, *where: Filter, order: OrderBy, offset: int, limit: int
    ) -> tuple[list[D], int]:
        """Return one page of the documents that match every filter, and the number of matches."""
        query = Query(
            table=self._table,
            tenant=tenant,
            where=where,
            order=order,
            limit=limit,
            offset=offset,
            count=True,
        )
        page = await self._store.find(query)
        return [self.decode(row.document) for row in page.rows], page.total

    async def count(self, tenant: str | None, *where: Filter) -> int:
        """Return the number of documents that match every filter."""
        query = Query(table=self._table, tenant=tenant, where=where, limit=0, count=True)
        return (await self._store.find(query)).total

    async def every(self, tenant: str | None, *where: Filter) -> AsyncIterator[D]:
        """Yield all documents that match every filter, in the order of their keys.

        Without a tenant, keys must be unique over all tenants, because each page starts after the
        last key of the page before.
        """
        query = Query(
            table=self._table, tenant=tenant, where=where, order=(("key", "asc"),), limit=PAGE_SIZE
        )
        while rows := (await self._store.find(query)).rows:
            for row in rows:
                yield self.decode(row.document)
            behind = Filter(column="key", op=">", value=rows[-1].key)
            query = replace(query, where=(*where, behind))

    async def _find(self, query: Query) -> list[D]:
        return [self.decode(row.document) for row in (await self._store.find(query)).rows]


def equal(column: str, value: str | int) -> Filter:
    """Return the filter for one value of a column."""
    return Filter(column=column, op="=", value=value)


def any_of(column: str, values: Sequence[Any]) -> tuple[Filter, ...]:
    """Return the filter for any of `values`; no values means no filter."""
    if not values:
        return ()
    if len(values) == 1:
        return (equal(column, values[0]),)
    return (Filter(column=column, op="in", value=tuple(values)),)
