"""Queries on definitions."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Literal, TypeAlias

from baton.domain.definition.body_triggers import event_types_of
from baton.eventlog.ports.views import Filter, ViewReads
from baton.projector.view_reader import Order, OrderBy, ViewReader, any_of, equal
from baton.projector.views.definitions.view import SEVERAL_TYPES, VIEW, Document

Sort: TypeAlias = Literal["created_at", "updated_at", "name", "slug", "status"]
Status: TypeAlias = Literal["draft", "active", "paused"]

MAX_DECODED = 1_000
"""The number of cached decoded definitions."""

MAX_AGE_MS = 1_000
"""The largest age of a cached result of `of_event_type`, in ms."""

_NOT_DELETED = equal("deleted", 0)


class DefinitionQueries:
    """Reads definitions; raises `Unavailable`."""

    def __init__(self, store: ViewReads) -> None:
        self._reader = ViewReader(store, VIEW)
        self._decoded: dict[tuple[str, str], tuple[bytes, Document]] = {}
        self._by_slug: dict[tuple[str, str], str] = {}
        self._waiting: dict[tuple[str, str], tuple[int, tuple[Document, ...]]] = {}

    async def get(self, tenant: str, definition_id: str) -> Document | None:
        """Return a definition, even if it is deleted.

        Decoded definitions are cached until their bytes change, because every start of a run calls
        this method.
        """
        data = await self._reader.get_bytes(tenant, definition_id)
        return None if data is None else self._decode((tenant, definition_id), data)

    async def get_many(self, tenant: str, definition_ids: Iterable[str]) -> dict[str, Document]:
        """Return definitions by their ids, including deleted ones; with one read."""
        found = await self._reader.get_many(tenant, definition_ids)
        return {ident: self._decode((tenant, ident), data) for ident, data in found.items()}

    def _decode(self, key: tuple[str, str], data: bytes) -> Document:
        cached = self._decoded.get(key)
        if cached is not None and cached[0] == data:
            return cached[1]
        if len(self._decoded) >= MAX_DECODED:
            self._decoded.clear()
        definition = self._reader.decode(data)
        self._decoded[key] = (data, definition)
        return definition

    async def by_slug(self, tenant: str, slug: str) -> Document | None:
        """Return the definition with a slug, None if there is none.

        The id of a slug is cached and verified, because every start by slug calls this method.
        """
        known = self._by_slug.get((tenant, slug))
        remembered = None if known is None else await self.get(tenant, known)
        if remembered is not None and not remembered.deleted:
            return remembered
        found = await self._reader.first(tenant, _NOT_DELETED, equal("slug", slug), limit=1)
        if not found:
            return None
        if len(self._by_slug) >= MAX_DECODED:
            self._by_slug.clear()
        self._by_slug[tenant, slug] = found[0].definition_id
        return found[0]

    async def from_slug(self, tenant: str, slug: str, *, limit: int) -> list[Document]:
        """Return the definitions from `slug` on, ordered by slug, without deleted ones."""
        at_least = Filter(column="slug", op=">=", value=slug)
        order: OrderBy = (("slug", "asc"),)
        return await self._reader.first(tenant, _NOT_DELETED, at_least, limit=limit, order=order)

    async def page(
        self,
        tenant: str,
        *,
        statuses: Sequence[Status] = (),
        slug_prefix: str = "",
        sort: Sort = "created_at",
        order: Order = "desc",
        offset: int = 0,
        limit: int = 20,
    ) -> tuple[list[Document], int]:
        """Return one page of the definitions that aren't deleted, and the number of matches.

        Args:
            statuses: Returns only definitions with these statuses; empty means any status.
            slug_prefix: Returns only definitions whose slugs begin with this.
        """
        begins = Filter(column="slug", op="prefix", value=slug_prefix)
        return await self._reader.page(
            tenant,
            _NOT_DELETED,
            *any_of("status", statuses),
            *((begins,) if slug_prefix else ()),
            order=((sort, order), ("key", order)),
            offset=offset,
            limit=limit,
        )

    async def page_after(
        self, tenant: str, last: tuple[int, str] | None, *, limit: int
    ) -> list[Document]:
        """Return the definitions after `last`, the newest first, without deleted ones.

        New definitions come before `last`, so pages neither repeat nor skip a definition.

        Args:
            tenant: The tenant.
            last: The time of creation (ms) and the id of the last definition of the page before;
                None returns the first page.
            limit: The largest number of definitions.
        """
        return await self._reader.page_after(tenant, "created_at", last, _NOT_DELETED, limit=limit)

    async def of_event_type(
        self, tenant: str, event_type: str, *, now: int
    ) -> tuple[Document, ...]:
        """Return the active definitions with a trigger for an event type, whatever the structure.

        A result may be up to `MAX_AGE_MS` old, because a sender of many events needs it for every
        request. An empty result is always current.

        Args:
            tenant: The tenant.
            event_type: The event type, with dots.
            now: The current time, in ms since the epoch.
        """
        key = (tenant, event_type)
        at, found = self._waiting.get(key, (0, ()))
        if found and 0 <= now - at < MAX_AGE_MS:
            return found
        if len(self._waiting) >= MAX_DECODED:
            self._waiting.clear()
        waiting = self._reader.every(
            tenant,
            _NOT_DELETED,
            *any_of("event_type", (event_type, SEVERAL_TYPES)),
            equal("status", "active"),
        )
        found = tuple([one async for one in waiting if event_type in event_types_of(one.body)])
        self._waiting[key] = (now, found)
        return found

    def of_tenant(self, tenant: str) -> AsyncIterator[Document]:
        """Yield all definitions of a tenant, including deleted ones."""
        return self._reader.every(tenant)

    def with_event_trigger(self) -> AsyncIterator[Document]:
        """Yield the definitions of all tenants with an event trigger, including paused ones."""
        has_event_type = Filter(column="event_type", op="is_set")
        return self._reader.every(None, _NOT_DELETED, has_event_type)
