"""The view that counts runs by status at any position, per tenant and per definition.

It is folded from the changes of status in the view of spans. The changes are stored in blocks of
positions, and each block holds the counts at its beginning: a count as of a position reads one
block. The row of the last block has the definition's id as its key, or an empty key for the whole
tenant. An earlier block never changes; its key ends with the number of the block.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from baton.domain.run.messages.run_events import RunRequested
from baton.eventlog.events.codec import decode_document, encode_document
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Filter, Query, Table, ViewReads
from baton.projector.as_of.run_spans import Document as Spans
from baton.projector.view import Following, FurtherRow, Key, key_of

TABLE: Final = Table(name="run_counts")
POSITIONS: Final = 2_048
"""The number of positions in a block."""
OF_TENANT: Final = ""
"""Replaces the definition's id in the counts of all runs of a tenant."""
NONE: Final = ""
"""The status of a run before its request."""
STATUSES: Final = (
    NONE,
    "pending",
    "running",
    "waiting",
    "completed",
    "failed",
    "cancelled",
    "paused",
)
"""The statuses; a stored change holds their indexes, so the order must not change."""
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_BASE: Final = len(_DIGITS)
_CHANGE: Final = 3
"""The digits of a change: two for its position within the block, one for both statuses."""
_PLACES: Final = [high + low for high in _DIGITS[: POSITIONS // _BASE] for low in _DIGITS]
_PAIRS: Final = {pair: _DIGITS[number] for number, pair in enumerate(product(STATUSES, repeat=2))}


@dataclass(slots=True, kw_only=True)
class Block:
    """The counts by status before a block of positions, and the changes in the block, in order."""

    number: int
    before: dict[str, int]
    changes: str = ""

    def at(self, position: int) -> Counter[str]:
        """Return the counts by status as of a position in the block or after it."""
        found, last = Counter(self.before), position - self.number * POSITIONS
        for begin in range(0, len(self.changes), _CHANGE):
            high, low, both = map(_DIGITS.index, self.changes[begin : begin + _CHANGE])
            if high * _BASE + low >= last:
                break
            was, now = divmod(both, len(STATUSES))
            found[STATUSES[was]] -= 1
            found[STATUSES[now]] += 1
        del found[NONE]
        return found


@dataclass(slots=True, kw_only=True)
class Document:
    """The last block and the counts at its end; the rows of `ended` blocks aren't written yet."""

    last: Block
    now: dict[str, int]
    ended: list[Block] = field(default_factory=list)


def block_of(position: int) -> int:
    """Return the number of the block that contains a position."""
    return (position - 1) // POSITIONS


def keys(run: Spans | None, recorded: Recorded) -> tuple[Key, ...]:
    """Return the keys of the tenant and of the definition."""
    tenant, event = key_of(recorded.stream)[0], recorded.event
    if isinstance(event, RunRequested):
        return (tenant, OF_TENANT), (tenant, event.definition_id)
    return () if run is None else ((tenant, OF_TENANT), (tenant, run.definition_id))


def changes(run: Spans | None, recorded: Recorded) -> bool:
    """Return whether the event has changed the status of the run."""
    return run is not None and run.since == recorded.position


def evolve(document: Document | None, run: Spans, recorded: Recorded) -> Document:
    """Add the change of the run's status."""
    was = run.ended[-1].status if run.ended else NONE
    number = block_of(recorded.position)
    if document is None:
        document = Document(last=Block(number=number, before={}), now={})
    if document.last.number != number:
        document.ended.append(document.last)
        document.last = Block(number=number, before=dict(document.now))
    place = recorded.position - 1 - number * POSITIONS
    document.last.changes += _PLACES[place] + _PAIRS[was, run.status]
    now = document.now
    now[run.status] = now.get(run.status, 0) + 1
    if was != NONE:
        now[was] -= 1
    return document


def take_rows(document: Document) -> Sequence[FurtherRow]:
    """Remove the ended blocks from the document and return their rows."""
    ended, document.ended = document.ended, []
    return [(_end_of_key(one.number), encode_document(one), ()) for one in ended]


async def numbers(
    views: ViewReads, tenant: str, definition_id: str, position: int
) -> Mapping[str, int]:
    """Return the number of runs by status as of a position.

    Args:
        views: The views of the history.
        tenant: The tenant.
        definition_id: Counts only runs of this definition; `OF_TENANT` counts all runs.
        position: The position.
    """
    block = await _block(views, tenant, definition_id, block_of(position))
    return Counter() if block is None else block.at(position)


async def _block(views: ViewReads, tenant: str, definition_id: str, number: int) -> Block | None:
    """Return the last block whose number isn't greater than `number`, None if there is none."""
    data = await views.get(TABLE.name, tenant, definition_id)
    if data is None:
        return None
    last = decode_document(Document, data).last
    if last.number <= number:
        return last
    lowest = Filter(column="key", op=">=", value=definition_id + _end_of_key(0))
    highest = Filter(column="key", op="<=", value=definition_id + _end_of_key(number))
    query = Query(
        table=TABLE.name, tenant=tenant, where=(lowest, highest), order=(("key", "desc"),), limit=1
    )
    rows = (await views.find(query)).rows
    return decode_document(Block, rows[0].document) if rows else None


def _end_of_key(number: int) -> str:
    return f".{number:015d}"


COUNTS: Final = Following(
    table=TABLE,
    document=Document,
    keys=keys,
    changes=changes,
    evolve=evolve,
    take_rows=take_rows,
)
