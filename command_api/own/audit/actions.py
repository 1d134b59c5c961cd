"""Reads actions from the log: events that name their actor, and refused accesses, newest first."""

import asyncio
from dataclasses import fields
from typing import Any, Final

import orjson

from baton.domain.frozen import frozen
from baton.eventlog.events.codec import decode_recorded, event_classes
from baton.eventlog.events.envelope import Recorded, Stored
from baton.eventlog.ports.audit.leaf_store import LEAVES_PER_BLOCK, LeafStore

SCANNED: Final = 20_000
"""The number of positions that one request reads."""
SKEW_MS: Final = 300_000
"""The greatest difference between the clocks of two machines for which no action is overlooked."""
_BATCH: Final = 1_000
_ACTOR: Final = b'"actor":{"subject":'
_CLAIMED: Final = b'"claimed":'

ACTIONS: Final = tuple(
    sorted(
        topic
        for topic, cls in event_classes().items()
        if any(field.name == "actor" for field in fields(cls))
    )
)
"""The types of the events that name their actor."""


@frozen
class Wanted:
    """The actions that are asked for.

    Attributes:
        tenant: The tenant whose streams are read.
        actions: Types of events.
        subject: The subject that acted, or the name that a refused sign-in named; None for any.
        since: The earliest time (ms, UTC), None without a limit.
        until: The time before which they happened (ms, UTC), None without a limit.
    """

    tenant: str
    actions: frozenset[str]
    subject: str | None = None
    since: int | None = None
    until: int | None = None

    def may_hold(self, event: Stored) -> bool:
        """Return whether a stored event may be wanted, without decoding it."""
        if event.topic not in self.actions or not event.stream.startswith(f"{self.tenant}/"):
            return False
        return self.subject is None or any(name in event.state for name in self._named())

    def holds(self, event: Any) -> bool:
        """Return whether a decoded event is wanted."""
        after = self.since is None or self.since <= event.at
        before = self.until is None or event.at < self.until
        return after and before and self.subject in (None, *subjects_of(event))

    def _named(self) -> tuple[bytes, bytes]:
        name = orjson.dumps(self.subject)
        return _ACTOR + name, _CLAIMED + name


@frozen(kw_only=False)
class ActionPage:
    """Actions, the newest first; the next page begins before `before`, None at the end."""

    actions: list[Recorded]
    before: int | None


def subjects_of(event: Any) -> tuple[str, ...]:
    """Return the subject that an event names, and the user name that a refused sign-in gave."""
    actor, claimed = event.actor, getattr(event, "claimed", "")
    return (*((actor.subject,) if actor else ()), *((claimed,) if claimed else ()))


async def read_actions(store: LeafStore, wanted: Wanted, *, before: int, limit: int) -> ActionPage:
    """Return the newest actions before the position `before`; raises `Unavailable`."""
    actions: list[Recorded] = []
    top, lowest = before, max(1, before - SCANNED)
    while top > lowest:
        if wanted.since is not None and await _all_older(store, top - 1, wanted.since):
            return ActionPage(actions, None)
        start = max(lowest, top - _BATCH)
        batch = await store.events(after=start - 1, limit=top - start)
        for event in reversed(batch):
            if event.position < top and wanted.may_hold(event):
                recorded = decode_recorded(*event)
                if wanted.holds(recorded.event):
                    actions.append(recorded)
                    if len(actions) == limit:
                        return ActionPage(actions, event.position)
        top = start
        await asyncio.sleep(0)
    return ActionPage(actions, top if top > 1 else None)


async def end_of(store: LeafStore, until: int) -> int | None:
    """Return a position after every action before `until` (ms, UTC); None for the end of the log.

    The clocks of machines may differ by `SKEW_MS`. Raises `Unavailable`.
    """
    head = await store.head()
    low, high = 0, 0 if head is None else -(-head.size // LEAVES_PER_BLOCK)
    position = None
    while low < high:
        middle = (low + high) // 2
        blocks = await store.blocks(first=middle, limit=1)
        if blocks and blocks[0].max_at <= until + SKEW_MS:
            low = middle + 1
        else:
            high = middle
            position = blocks[0].last_position + 1 if blocks else position
    return position


async def _all_older(store: LeafStore, position: int, since: int) -> bool:
    """Return whether every event up to a position is older than `since`."""
    block = await store.block_at(position)
    return block is not None and block.last_position >= position and block.max_at < since
