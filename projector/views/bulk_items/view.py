"""The outcomes of bulks, in parts: one document per event, with up to 500 outcomes.

A row for each outcome would cost as much as the run itself.
"""

from dataclasses import dataclass

from baton.domain.bulk.messages import BulkProgressed, Item
from baton.domain.bulk.state import Tally
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.ports.views import Column, Index, Table
from baton.projector.view import Key, Values, View, created_by, key_of

OUTCOMES = ("done", "unchanged", "refused", "failed")
"""The outcomes; each has a column, which is set for the parts that contain the outcome."""
TABLE = Table(
    name="bulk_items",
    columns=(
        Column(name="bulk_id", kind="text"),
        Column(name="seq", kind="int"),
        Column(name="round", kind="int"),
        *(Column(name=outcome, kind="int") for outcome in OUTCOMES),
    ),
    indexes=(
        Index(columns=("bulk_id", "seq")),
        Index(columns=("bulk_id", "round", "seq")),
        *(Index(columns=("bulk_id", "seq"), where_set=outcome) for outcome in OUTCOMES),
    ),
)


@dataclass(kw_only=True)
class Document:
    """The outcomes of one event; `seq` is its version in the bulk's stream, so parts are in order.

    The class has no slots: orjson writes it faster without them.
    """

    bulk_id: str
    seq: int
    round: int
    items: tuple[Item, ...]
    at: int


def keys(recorded: Recorded) -> tuple[Key, ...]:
    """Return the key of the event's part."""
    tenant, bulk_id = key_of(recorded.stream)
    return ((tenant, f"{bulk_id}:{recorded.version}"),)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:  # noqa: ARG001
    """Return the outcomes of the event."""
    event: BulkProgressed = recorded.event
    return Document(
        bulk_id=key_of(recorded.stream)[1],
        seq=recorded.version,
        round=event.round,
        items=event.items,
        at=event.at,
    )


def columns(document: Document) -> Values:
    """Return bulk and part, and the number of runs with each outcome (None instead of 0)."""
    tally = Tally().plus(document.items, again=False)
    counts = (getattr(tally, outcome) or None for outcome in OUTCOMES)
    return (document.bulk_id, document.seq, document.round, *counts)


def is_final(document: Document) -> bool:  # noqa: ARG001 - has the shape of View.is_final
    """Return True: no other event changes the part."""
    return True


VIEW = View(
    table=TABLE,
    document=Document,
    events=(BulkProgressed,),
    keys=keys,
    creates=created_by(BulkProgressed),
    evolve=evolve,
    columns=columns,
    is_final=is_final,
)
