"""The tables of `baton webhooks list` and `baton webhooks deliveries`."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from baton.cli.terminal.output import in_terminal, print_note
from baton.cli.terminal.tables import Column, Shown, print_table
from baton.cli.terminal.times import relative
from baton.protocols.iso_time import parse_time

WEBHOOKS: Final = (
    Column(name="WEBHOOK"),
    Column(name="STATUS"),
    Column(name="URL", kind="short", min_width=16),
    Column(name="EVENTS", kind="wrapped", min_width=28, drop_order=2),
    Column(name="CREATED", drop_order=1),
)
DELIVERIES: Final = (
    Column(name="DELIVERY"),
    Column(name="EVENT", drop_order=4),
    Column(name="STATUS"),
    Column(name="ATTEMPTS", drop_order=3, align_right=True),
    Column(name="ERROR", kind="short", min_width=16, drop_order=2),
    Column(name="NEXT", drop_order=5),
    Column(name="CREATED", drop_order=1),
)


def print_webhooks(webhooks: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each registration."""
    if not webhooks and in_terminal():
        print_note("No webhooks: POST /webhooks registers one.")
        return
    rows = [
        (
            webhook["id"],
            _status(webhook),
            webhook["url"],
            " ".join(webhook["events"]),
            _shown_time(webhook["createdAt"]),
        )
        for webhook in webhooks
    ]
    print_table(WEBHOOKS, rows)


def print_deliveries(deliveries: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each delivery."""
    if not deliveries and in_terminal():
        print_note("No deliveries.")
        return
    print_table(DELIVERIES, map(delivery_cells, deliveries))


def delivery_cells(delivery: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the cells of a delivery, in the order of `DELIVERIES`."""
    return (
        delivery["id"],
        delivery["event"],
        delivery["status"],
        delivery["attempts"],
        delivery.get("lastError"),
        _shown_time(delivery["dueAt"]) if "dueAt" in delivery else None,
        _shown_time(delivery["createdAt"]),
    )


def _status(webhook: Mapping[str, Any]) -> str:
    if "disabled" in webhook:
        return str(webhook["disabled"])
    return "active" if webhook["active"] else "inactive"


def _shown_time(text: str) -> Shown:
    return Shown(text, relative(parse_time(text), int(time.time() * 1_000)))
