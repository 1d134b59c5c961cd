"""The view of the numbers of runs by status, of a tenant and of each definition, at any position.

It is folded from the changes of status that the spans of runs show. They are kept in blocks of
positions, each with the numbers at its beginning, so that a number as of a position costs one
block. The key of the last block's row is the id of the definition, and empty for the whole tenant.
That of an earlier block, which never changes again, continues with the number of the block.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from baton.domain.run.messages import RunRequested
from baton.eventlog.events.codec import decode_document, encode_document
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Filter, Query, Table, ViewReads
from baton.projector.as_of.run_spans import Document as Spans
from baton.projector.view import Following, FurtherRow, Key, key_of

TABLE: Final = Table(name="run_counts")
POSITIONS: Final = 2_048
"""Positions of a block."""
OF_TENANT: Final = ""
"""Stands for the id of a definition where all runs of a tenant are counted."""
NONE: Final = ""
"""Stands for the status of a run that isn't requested yet."""
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
"""A change names a status by its place."""
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_BASE: Final = len(_DIGITS)
_CHANGE: Final = 3
"""The digits of a change: two of its position within the block, one of both statuses."""
_PLACES: Final = [high + low for high in _DIGITS[: POSITIONS // _BASE] for low in _DIGITS]
_PAIRS: Final = {pair: _DIGITS[number] for number, pair in enumerate(product(STATUSES, repeat=2))}


@dataclass(slots=True, kw_only=True)
class Block:
    """The numbers by status before a block of positions, and the changes in it, in order."""

    number: int
    before: dict[str, int]
    changes: str = ""

    def at(self, position: int) -> Counter[str]:
        """Return the numbers by status as of a position in the block or behind it."""
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
    """The last block and the numbers at its end; `ended` are blocks whose rows aren't written."""

    last: Block
    now: dict[str, int]
    ended: list[Block] = field(default_factory=list)


def block_of(position: int) -> int:
    """Return the number of the block that has a position."""
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
    """Note the change of the run's status."""
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
    """Take out the rows of the blocks that have ended."""
    ended, document.ended = document.ended, []
    return [(_end_of_key(one.number), encode_document(one), ()) for one in ended]


async def numbers(
    views: ViewReads, tenant: str, definition_id: str, position: int
) -> Mapping[str, int]:
    """Return the numbers of runs by status as of a position; 0 for a status that none had.

    Args:
        views: The views of the history.
        tenant: The tenant.
        definition_id: Limits them to a definition; `OF_TENANT` to none.
        position: The position.
    """
    block = await _block(views, tenant, definition_id, block_of(position))
    return Counter() if block is None else block.at(position)


async def _block(views: ViewReads, tenant: str, definition_id: str, number: int) -> Block | None:
    """Return the last block up to a number, None if there is none."""
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
