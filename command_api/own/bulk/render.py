"""Renders bulks and the outcomes of their runs."""

from typing import Final

from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.own.bulk.member_names import shown_names
from baton.command_api.own.runs.render_run import render_actor
from baton.domain.json import JsonObject
from baton.projector.views.bulk_items.queries import PlacedItem
from baton.projector.views.bulks.view import Document as Bulk
from baton.protocols.iso_time import format_time

EXAMPLE: Final[JsonObject] = {
    "id": "d3c0v1k6gtk2q1v9m700",
    "action": "cancel",
    "args": {"reason": "out of stock"},
    "filter": {"status": ["failed"], "definitionId": "d3c0u7p6gtk2q1v9m4s0"},
    "status": "running",
    "total": 120,
    "pending": 20,
    "done": 97,
    "unchanged": 1,
    "refused": 2,
    "failed": 0,
    "round": 1,
    "position": 81234,
    "actor": {"subject": "ada", "method": "token"},
    "requestedAt": "2026-01-05T09:00:00.000Z",
    "updatedAt": "2026-01-05T09:00:01.000Z",
}


def render_bulk(bulk: Bulk) -> JsonObject:
    """Return a bulk without the members that have no value; times are ISO-8601, UTC."""
    tally = bulk.tally
    shown = {
        "id": bulk.id,
        "action": bulk.action,
        "args": shown_names(bulk.args),
        "filter": None if bulk.filter is None else shown_names(bulk.filter),
        "status": bulk.status,
        "total": bulk.total,
        "pending": bulk.total - tally.treated,
        "done": tally.done,
        "unchanged": tally.unchanged,
        "refused": tally.refused,
        "failed": tally.failed,
        "round": bulk.round,
        "perSecond": bulk.per_second,
        "position": bulk.position,
        "actor": render_actor(bulk.actor),
        "requestedAt": format_time(bulk.requested_at),
        "updatedAt": format_time(bulk.updated_at),
        "endedAt": optional_time(bulk.ended_at),
    }
    return without_none(shown)


def render_item(placed: PlacedItem, run: JsonObject | None) -> JsonObject:
    """Return the outcome of one run, which is shown as in lists of runs if it is known."""
    known = run or {}
    item = placed.item
    return without_none(
        {
            "runId": item.run_id,
            "slug": known.get("slug"),
            "title": known.get("title"),
            "outcome": item.outcome,
            "code": item.code,
            "message": item.message,
            "newRunId": item.new_run_id,
            "round": placed.round,
        }
    )
