"""The output of the demo: sends orders over HTTP, shows their runs, then one run in full."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, TypeGuard

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from baton.cli.server.apply_definition import apply_document
from baton.cli.server.client import Server
from baton.cli.server.events import STRUCTURED, cloud_event
from baton.cli.server.runs.timeline import elapsed, heading, timeline
from baton.cli.terminal.failures import Failed
from baton.cli.terminal.output import console, in_terminal, print_lines
from baton.cli.terminal.statuses import FINAL
from baton.cli.terminal.tables import Column, make_table
from baton.demo.orders import Order, orders

DEADLINE_S = 60.0
PAUSE_S = 0.04
SHOWN = 12
"""Number of orders on the screen; the newest are shown."""
SLUG = "order-processing"
COLUMNS = (
    Column(name="ORDER"),
    Column(name="CUSTOMER", kind="short", min_width=8, drop_order=2),
    Column(name="TOTAL", align_right=True, drop_order=3),
    Column(name="RUN"),
    Column(name="STEPS", drop_order=1),
    Column(name="TOOK", align_right=True, drop_order=4),
)


@dataclass(slots=True, kw_only=True)
class Entry:
    """An order and its run, None until there is one."""

    record_id: str
    order: Order
    run: Mapping[str, Any] | None = None

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return _over(self.run)

    @property
    def path(self) -> str:
        """The ids of the steps so far, with arrows between them."""
        steps = () if self.run is None else self.run.get("steps", ())
        return " → ".join(step["stepId"] for step in steps)


@dataclass(slots=True, kw_only=True)
class Shop:
    """Sends the orders of the demo and polls their runs."""

    server: Server
    definition_id: str
    entries: dict[str, Entry] = field(default_factory=dict)

    def send_order(self, record_id: str, order: Order) -> None:
        """Send the record event of a new order."""
        event = cloud_event(
            f"orders/{record_id}", "record.created", order, f"{self.definition_id}-{record_id}"
        )
        self.server.call("POST", "/events", event, media=STRUCTURED)
        self.entries[record_id] = Entry(record_id=record_id, order=order)

    def poll_ended(self) -> list[Entry]:
        """Return the orders whose run has ended since the last call."""
        waiting = {entry.record_id: entry for entry in self.entries.values() if not entry.over}
        listed = self.server.get("/runs", definitionId=self.definition_id, limit=500)["runs"]
        for run in listed:
            entry = waiting.get(run["trigger"].get("recordId", ""))
            if entry is not None:
                entry.run = self.server.get(f"/runs/{run['id']}")
        return [entry for entry in waiting.values() if entry.over]


def run_demo(server: Server, count: int) -> int:
    """Run the whole demo; return the number of completed runs."""
    text = files("baton.demo").joinpath(f"{SLUG}.json").read_text(encoding="utf-8")
    change, definition = apply_document(server, json.loads(text), None)
    print_lines(
        [
            Text(f"Baton runs at {server.url}, every service in this process."),
            Text(f"Definition {SLUG} {change}; every new record in orders starts a run."),
            Text(),
        ]
    )
    shop = Shop(server=server, definition_id=definition["id"])
    progress = _process_orders(shop, count)
    if in_terminal():
        _redraw(shop, progress, count)
    else:
        for ended in progress:
            print_lines(_line(entry) for entry in ended)
    done = [entry for entry in shop.entries.values() if entry.run and _completed(entry.run)]
    print_lines(_ending(done))
    return len(done)


def _process_orders(shop: Shop, count: int) -> Iterator[list[Entry]]:
    """Send the orders and yield those that ended, until all have; raises Failed."""
    first = 1001 + shop.server.get("/runs", definitionId=shop.definition_id, limit=1)["total"]
    deadline = time.monotonic() + DEADLINE_S
    for number, order in enumerate(orders(count), first):
        shop.send_order(str(number), order)
        yield shop.poll_ended()
    while not all(entry.over for entry in shop.entries.values()):
        if time.monotonic() > deadline:
            raise Failed(f"Some runs have not ended after {DEADLINE_S:g} s: is this machine busy?")
        time.sleep(PAUSE_S)
        yield shop.poll_ended()


def _redraw(shop: Shop, progress: Iterator[list[Entry]], count: int) -> None:
    out = console()
    with Live(_screen(shop, count, out.width), console=out, auto_refresh=False) as live:
        for _ in progress:
            live.update(_screen(shop, count, out.width), refresh=True)


def _screen(shop: Shop, count: int, width: int) -> RenderableType:
    entries = list(shop.entries.values())
    over = sum(entry.over for entry in entries)
    table = make_table(COLUMNS, [_cells(entry) for entry in entries[-SHOWN:]], width)
    bar = ProgressBar(total=count, completed=over, width=40)
    return Group(table, Text(f"\n{over} of {count} orders processed"), bar)


def _cells(entry: Entry) -> tuple[str, ...]:
    status = "…" if entry.run is None else str(entry.run["status"])
    run_time = (
        elapsed(entry.run["requestedAt"], entry.run["completedAt"]) if _over(entry.run) else ""
    )
    total = f"{entry.order['totalCents'] / 100:.2f} €"
    return entry.record_id, str(entry.order["customer"]), total, status, entry.path, run_time


def _line(entry: Entry) -> Text:
    order, customer, total, status, path, run_time = _cells(entry)
    return Text(f"order {order}  {customer:<17} {total:>9}  {status:<9}  {path:<36} {run_time:>7}")


def _ending(done: list[Entry]) -> Iterator[Text]:
    ends = [entry.path.rpartition(" ")[2] for entry in done]
    yield Text()
    yield Text(f"{ends.count('fulfill')} orders fulfilled, {ends.count('reject')} rejected.")
    yield Text()
    example = next((entry for entry in done if entry.path.endswith("fulfill")), None)
    if example is not None and example.run is not None:
        yield heading(example.run)
        yield from timeline(example.run)


def _over(run: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    return run is not None and run["status"] in FINAL


def _completed(run: Mapping[str, Any]) -> bool:
    return bool(run["status"] == "completed" and not run["hasErrors"])
