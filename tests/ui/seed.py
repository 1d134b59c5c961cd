"""What the shared server holds: orders of the demo, and a run of each further status."""

from typing import Any

from baton.demo.orders import orders
from tests.ui.server import ORDERS, UiServer

COUNT = 8
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


async def seed(server: UiServer) -> None:
    """Send the demo's first orders, and start a run that fails and one that goes on."""
    for document in (ORDERS, CARRIER, PATIENT, NIGHTLY):
        await server.apply(document)
    started = [
        await server.send_order(str(number), order)
        for number, order in enumerate(orders(COUNT), 1_001)
    ]
    started.append(await server.start("carrier", {"parcel": 7}))
    await server.start("patient", {"patient": "Ada Lovelace"})
    for run_id in started:
        await server.ended(run_id)
