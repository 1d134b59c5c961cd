"""`kill -9` in the middle of a bulk leaves every run processed once, with its outcome.

BATON_BULK_RUNS sets the number of runs: `make test-bulk` takes 10,000.
"""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from baton.domain.bulk.decisions import MAX_ITEMS
from tests.dialects.centrali_documents import delay, orchestration
from tests.faults import checkers
from tests.faults.driver import Driver, driving
from tests.faults.event_log import read_log
from tests.faults.server import Installation
from tests.kit.eventually import eventually

RUNS = int(os.environ.get("BATON_BULK_RUNS", "300"))
WITHIN_S = 30 + RUNS / 50
CHOICE: Mapping[str, Any] = {"filter": {"definition": "naps", "trigger": ["manual"]}}
CRASHED = 137
PAGE = 500


async def requested(driver: Driver[Installation], action: str, **more: Any) -> tuple[str, int]:
    """Preview and request a bulk; return its id and the number of runs that the preview showed."""
    body = {"action": action, **CHOICE}
    status, preview = await driver.call("POST", "/bulk", json={**body, "dryRun": True})
    assert status == 200, preview
    confirm = {"confirm": preview["confirm"], **more}
    status, made = await driver.call("POST", "/bulk", json={**body, **confirm})
    assert status == 202, made
    return str(made["id"]), int(preview["count"])


async def completed(driver: Driver[Installation], bulk_id: str) -> dict[str, Any]:
    """Return the bulk once it has completed."""

    async def bulk() -> dict[str, Any]:
        _, found = await driver.call("GET", f"/bulk/{bulk_id}")
        return dict(found) if found["status"] == "completed" else {}

    return await eventually(bulk, within_s=WITHIN_S, every_s=0.05)


async def items(driver: Driver[Installation], bulk_id: str) -> list[dict[str, Any]]:
    """Return the outcomes of all pages."""
    found: list[dict[str, Any]] = []
    more = ""
    while True:
        _, page = await driver.call("GET", f"/bulk/{bulk_id}/items?limit={PAGE}{more}")
        found += page["items"]
        if "next" not in page:
            return found
        more = f"&cursor={page['next']}"


def times_of(installation: Installation, name: str) -> Counter[str]:
    """Return how often each run has an event of this name."""
    return Counter(one.entity_id for one in read_log(installation.data) if one.name == name)


async def test_every_run_is_processed_once_though_the_process_is_killed(tmp_path: Path) -> None:
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        definition = await driver.create(orchestration("naps", delay()))
        started = await driver.start(definition, {str(number): {} for number in range(RUNS)})
        runs = {str(one.run_id) for one in started}

        await cancelled_despite_a_signal(driver, runs)
        await rerun_despite_a_crash_in_a_batch(driver, runs)

        assert checkers.broken_invariants(read_log(installation.data)) == []


async def cancelled_despite_a_signal(driver: Driver[Installation], runs: set[str]) -> None:
    """Cancel the runs in a process that is killed at an arbitrary moment.

    The process that goes on ends itself in the middle of the next bulk: by then it has made an
    append for each run that isn't cancelled yet, and a few for outcomes.
    """
    installation = driver.installation
    bulk_id, shown = await requested(driver, "cancel", perSecond=max(100, RUNS // 2))
    await eventually(lambda: times_of(installation, "RunCancelled"), within_s=30)
    assert await installation.kill() == -9
    before = times_of(installation, "RunCancelled")
    appends = RUNS - len(before) + RUNS // 5
    await installation.start(BATON_FAILPOINT=f"after-append:{appends}")
    bulk, found = await completed(driver, bulk_id), await items(driver, bulk_id)

    assert 0 < len(before) < RUNS, "the kill didn't come in the middle"
    assert shown == bulk["done"] == bulk["total"] == len(found) == RUNS
    assert {one["runId"] for one in found} == runs
    assert {one["outcome"] for one in found} == {"done"}
    assert times_of(installation, "RunCancelled") == Counter(dict.fromkeys(runs, 1))


async def rerun_despite_a_crash_in_a_batch(driver: Driver[Installation], runs: set[str]) -> None:
    """Rerun the runs in a process that ends when it has processed a part of a batch."""
    installation = driver.installation
    bulk_id, _ = await requested(driver, "rerun")
    assert await installation.ended() == CRASHED
    before = times_of(installation, "RunBranched")
    recorded = times_of(installation, "BulkProgressed")[bulk_id] * MAX_ITEMS
    await installation.start()
    bulk, found = await completed(driver, bulk_id), await items(driver, bulk_id)
    log = read_log(installation.data)

    assert 0 <= recorded < len(before) < RUNS, "the crash didn't come in the middle of a batch"
    assert bulk["done"] == len(found) == RUNS
    assert {one["runId"] for one in found} == runs
    sources = Counter(one.data["source"] for one in log if one.name == "RunBranched")
    assert sources == Counter(dict.fromkeys(runs, 1))
    assert {one["newRunId"] for one in found} == set(times_of(installation, "RunBranched"))
