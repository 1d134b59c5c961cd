"""What the shared server holds: orders of the demo, and something on every page."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baton.demo.orders import orders
from tests.ui.big_data import HOSTILE_NAME, write_histories
from tests.ui.letters import write_letter
from tests.ui.server import ORDERS, UiServer

COUNT = 8
FULFILLED, REJECTED = "1001", "1004"
"""Orders of the demo; every fourth one is faulty."""
CARRIER: dict[str, Any] = {
    "slug": "carrier",
    "name": "Carrier",
    "steps": [{"id": "ship", "function": "close-at-first"}],
}
PATIENT: dict[str, Any] = {
    "slug": "patient",
    "name": "Patient",
    "steps": [{"id": "call", "function": "hold"}],
}
NIGHTLY: dict[str, Any] = {
    "slug": "nightly",
    "name": "Nightly report",
    "trigger": {"cron": "30 2 * * *", "timezone": "Europe/Berlin"},
    "steps": [{"id": "report", "function": "noop"}],
}


@dataclass(frozen=True, slots=True)
class Seeded:
    """Ids of what the shared server holds."""

    orders: dict[str, str]
    """Ids of runs by record id."""
    failed: str
    held: str
    rerun: str
    definition: str
    record: str
    schedule: str
    bulk: str
    webhook: str

    @property
    def fulfilled(self) -> str:
        return self.orders[FULFILLED]

    @property
    def rejected(self) -> str:
        return self.orders[REJECTED]


async def before_start(folder: Path) -> None:
    """Write the large and the hostile histories, which end a minute ago, and a dead letter."""
    await write_letter(folder)
    await write_histories(folder, int(time.time() * 1_000) - 60_000)


async def seed(server: UiServer) -> Seeded:
    """Send the demo's first orders, and make one of everything that a page shows."""
    definitions = [await server.apply(one) for one in (ORDERS, CARRIER, PATIENT, NIGHTLY)]
    runs = {
        str(number): await server.send_order(str(number), order)
        for number, order in enumerate(orders(COUNT), 1_001)
    }
    failed = await server.start("carrier", {"parcel": 7})
    held = await server.start("patient", {"patient": "Ada Lovelace"})
    hook = {"url": "http://127.0.0.1:9/hook", "events": ["workflow.execution.completed"]}
    webhook = await server.post("/webhooks", hook)
    for run_id in (*runs.values(), failed):
        await server.ended(run_id)
    rerun = await server.post(f"/runs/{failed}/rerun", {"reason": HOSTILE_NAME})
    bulk = await server.post("/bulk", {"action": "retry", "ids": [failed, runs[FULFILLED]]})
    return Seeded(
        orders=runs,
        failed=failed,
        held=held,
        rerun=rerun["id"],
        definition=definitions[0]["id"],
        record=(await server.get("/records"))["records"][0]["id"],
        schedule=definitions[-1]["id"],
        bulk=bulk["id"],
        webhook=webhook["id"],
    )
