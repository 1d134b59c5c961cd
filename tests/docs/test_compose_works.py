"""The services of compose.yaml work together, and their data can move to another database."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.docs.composed import Composed
from tests.docs.pages import ROOT
from tests.docs.test_compose import SERVICES
from tests.servers.postgres import bare_database

DEFINITION = ROOT / "src" / "baton" / "demo" / "order-processing.json"
ORDER = {
    "customer": "Ann",
    "email": "ann@example.org",
    "items": [{"sku": "unknown", "quantity": 1}],
    "totalCents": 100,
}


@pytest.mark.timeout(300)
async def test_services_a_worker_and_two_servers_run_an_order(tmp_path: Path) -> None:
    composed = Composed(tmp_path, await bare_database())
    migrated = await composed.verb(*composed.migration)
    assert migrated.code == 0, migrated.err

    async with AsyncExitStack() as started:
        for name in SERVICES:
            await started.enter_async_context(composed.started(name))
        for name in SERVICES:
            await composed.eventually(lambda name=name: composed.healthy(name))  # type: ignore[misc]
        await an_order_is_processed(composed)
        exported = await composed.verb("export", "-o", "beside.ndjson")
        replayed = await composed.verb("replay")
        refused = await composed.verb("import", "beside.ndjson")

    assert (exported.code, replayed.code) == (0, 0), (exported.err, replayed.err)
    assert refused.code == 1
    assert "in use" in refused.err
    await the_data_move(composed, await bare_database())


async def an_order_is_processed(composed: Composed) -> None:
    token = (await composed.verb("token", "--tenant", "demo")).out.strip()
    server = {"BATON_URL": composed.url, "BATON_TOKEN": token}
    applied = await composed.verb("definitions", "apply", str(DEFINITION), **server)
    sent = await composed.verb(
        "events", "send", "orders/1001", "--record", json.dumps(ORDER), **server
    )
    assert (applied.code, sent.code) == (0, 0), (applied.err, sent.err)

    async def completed() -> bool:
        return "\tcompleted\t" in (await composed.verb("runs", "list", **server)).out

    await composed.eventually(completed)
    run = (await composed.verb("runs", "list", **server)).out.partition("\t")[0]
    shown = await composed.verb("runs", "show", run, **server)
    assert "Dear Ann, we can't take it: we don't sell unknown." in shown.out


async def the_data_move(composed: Composed, store: str) -> None:
    """Export the events of the services into a database without a schema."""
    await composed.verb("export", "-o", "whole.ndjson")
    imported = await composed.verb("import", "whole.ndjson", BATON_STORE=store)
    await composed.verb("export", "-o", "again.ndjson", BATON_STORE=store)
    whole, beside, again = [
        (composed.folder / f"{name}.ndjson").read_bytes() for name in ("whole", "beside", "again")
    ]

    assert imported.code == 0, imported.err
    assert whole.count(b"run.StepSucceeded") >= 2
    assert whole.startswith(beside)
    assert again == whole
