"""The part of a random history that is about bulks: one command per turn, none of it random."""

from dataclasses import replace

from baton.domain.bulk.messages import Item, ReportItems, RequestBulk, RetryBulk, StopBulk
from baton.domain.ids import derived_id
from baton.domain.stream import stream_name
from tests.kit.actors import ANN, BOB

TENANTS = ("acme", "globex")
TURNS = 6
"""Turns in the life of one bulk."""


def bulk_turn(number: int, at: int) -> tuple[str, object]:
    """Return the command of a turn, and its stream."""
    life, turn = divmod(number, TURNS)
    tenant, bulk_id = TENANTS[life % 2], derived_id("bulk", str(life))
    stream = stream_name(tenant, "bulk", bulk_id)
    match turn:
        case 0:
            request = RequestBulk(
                tenant=tenant,
                bulk_id=bulk_id,
                action="rerun" if life % 2 else "cancel",
                args={"reason": "größer"},
                filter={"status": ["failed"]} if life % 3 else None,
                chunks={},
                count=4,
                position=life,
                per_second=life or None,
                actor=ANN,
                at=at,
            )
            return stream, request
        case 1:
            return stream, _report(0, 2, at)
        case 2:
            return stream, StopBulk(actor=BOB, at=at) if life % 2 else _report(2, 4, at)
        case 3:
            return stream, _report(2, 4, at)
        case 4:
            return stream, RetryBulk(chunks={}, count=2, actor=BOB, at=at)
        case _:
            items = (Item(run_id="r1", outcome="done", new_run_id="r9"),)
            return stream, ReportItems(round=2, first=0, through=1, items=items, at=at)


def _report(first: int, through: int, at: int) -> ReportItems:
    """Return a report of which every second run has failed."""
    failed = Item(run_id="", outcome="failed", code="rate_limited", message="try again later")
    refused = Item(run_id="", outcome="refused", code="not_found", message="Run not found")
    unchanged = Item(run_id="", outcome="unchanged")
    kinds = (unchanged, failed, refused, failed)
    items = [replace(kinds[index], run_id=f"r{index}") for index in range(first, through)]
    return ReportItems(round=1, first=first, through=through, items=tuple(items), at=at)
