"""Reads a tenant's events from the log; one request reads a limited part of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from baton.eventlog.events.envelope import Recorded, Selection
from baton.eventlog.ports.stores import EventStore

SCANNED: Final = 10_000
"""The number of positions that one request looks at."""
_STRIDE: Final = 2_500
"""The number of positions that are looked at before other requests are answered."""
_BATCH: Final = 250
"""The number of events that are decoded before other requests are answered."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """Events in the order they were read, and the position that was reached."""

    events: list[Recorded]
    reached: int


async def read_forwards(
    store: EventStore, tenant: str, classes: Sequence[type], *, after: int, limit: int
) -> LogPart:
    """Return the tenant's next events of `classes` after the position `after`; none means any."""
    events: list[Recorded] = []
    end = min(await store.head(), after + SCANNED)
    while after < end and len(events) < limit:
        wanted = Selection(
            tenant=tenant,
            classes=classes,
            after=after,
            up_to=min(end, after + _STRIDE),
            limit=min(_BATCH, limit - len(events)),
        )
        found = await store.select(wanted)
        events += found
        after = found[-1].position if len(found) == wanted.limit else wanted.up_to
    return LogPart(events, after)


async def read_backwards(
    store: EventStore, tenant: str, classes: Sequence[type], *, before: int, limit: int
) -> LogPart:
    """Return the tenant's newest events of `classes` before the position `before`; none means any.

    The newest comes first. `reached` is the position before which the reading continues, 1 at the
    beginning of the log.
    """
    events: list[Recorded] = []
    async for recorded in newest_first(store, tenant, classes, before=before, batch=limit):
        events.append(recorded)
        if len(events) == limit:
            return LogPart(events, recorded.position)
    return LogPart(events, max(1, before - SCANNED))


async def newest_first(
    store: EventStore, tenant: str, classes: Sequence[type], *, before: int, batch: int = _BATCH
) -> AsyncIterator[Recorded]:
    """Yield the tenant's events of `classes` before the position `before`; none means any.

    Args:
        store: Has the events.
        tenant: The tenant.
        classes: The classes of the events.
        before: The position before which the reading begins; it looks at `SCANNED` positions.
        batch: The number of events that the caller expects to need; no more are decoded at once.
    """
    top = before - 1
    begin = max(0, top - SCANNED)
    while top > begin:
        wanted = Selection(
            tenant=tenant,
            classes=classes,
            after=max(begin, top - _STRIDE),
            up_to=top,
            limit=min(_BATCH, batch),
            newest_first=True,
        )
        found = await store.select(wanted)
        for recorded in found:
            yield recorded
        top = found[-1].position - 1 if len(found) == wanted.limit else wanted.after
