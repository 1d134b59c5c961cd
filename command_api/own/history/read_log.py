"""Reads a tenant's events from the log; one request reads a limited part of it."""

from dataclasses import dataclass
from typing import Final

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.stores import EventStore

SCANNED: Final = 10_000
"""The number of events, or positions, that one request reads."""
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class LogPart:
    """Events in the order they were read, and the position that was reached."""

    events: list[Recorded]
    reached: int


async def read_forwards(
    store: EventStore, tenant: str, classes: tuple[type, ...], *, after: int, limit: int
) -> LogPart:
    """Return the tenant's next events of `classes` after the position `after`."""
    events: list[Recorded] = []
    begin, reached, scanned = f"{tenant}/", after, 0
    while scanned < SCANNED:
        batch = await store.read_all(after=reached, limit=_BATCH)
        for recorded in batch:
            reached = recorded.position
            if recorded.stream.startswith(begin) and isinstance(recorded.event, classes):
                events.append(recorded)
                if len(events) == limit:
                    return LogPart(events, reached)
        scanned += len(batch)
        if len(batch) < _BATCH:
            break
    return LogPart(events, reached)


async def read_backwards(
    store: EventStore, tenant: str, classes: tuple[type, ...], *, before: int, limit: int
) -> LogPart:
    """Return the tenant's newest events of `classes` before the position `before`.

    The newest comes first. `reached` is the position before which the reading continues, 1 at the
    beginning of the log.
    """
    events: list[Recorded] = []
    begin, top = f"{tenant}/", before
    lowest = max(1, before - SCANNED)
    while top > lowest:
        start = max(lowest, top - _BATCH)
        batch = await store.read_all(after=start - 1, limit=top - start)
        for recorded in reversed(batch):
            inside = start <= recorded.position < top
            if inside and recorded.stream.startswith(begin) and isinstance(recorded.event, classes):
                events.append(recorded)
                if len(events) == limit:
                    return LogPart(events, recorded.position)
        top = start
    return LogPart(events, top)
