"""An open list of runs under a thousand changes a second (`make ui-load`)."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Page

from tests.kit.eventually import eventually
from tests.ui.conftest import Figure
from tests.ui.pages import settled
from tests.ui.server import UiServer, ui_server_in

SECONDS = float(os.environ.get("BATON_UI_LOAD_S", "0"))
CHANGES_PER_S = 1_000
EVENTS_PER_RUN = 5
"""Requested, started, step started, step succeeded, completed."""
BUSY, HEAP_BYTES, ENGINE = 0.30, 20_000_000, 0.97
BURST = 3_000
"""Runs of one measurement of the engine."""
MANY: dict[str, Any] = {
    "slug": "many",
    "name": "Many",
    "trigger": {"event": "record.created", "structure": "many"},
    "steps": [{"id": "only", "function": "noop"}],
}
pytestmark = pytest.mark.skipif(not SECONDS, reason="make ui-load measures for a minute")


async def send(server: UiServer, first: int, count: int) -> None:
    events = [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "load",
            "type": "record.created",
            "subject": f"many/{number}",
            "data": {"n": number},
        }
        for number in range(first, first + count)
    ]
    batch = {"Content-Type": "application/cloudevents-batch+json"}
    await server.call("POST", "/events", events, headers=batch)


async def completed(server: UiServer) -> int:
    return int((await server.get("/runs?status=completed&limit=1"))["total"])


async def runs_per_s(server: UiServer, first: int) -> float:
    """Send a burst and return how many runs the engine ended in a second."""
    before, begun = await completed(server), time.monotonic()
    for number in range(first, first + BURST, 500):
        await send(server, number, 500)

    async def done() -> bool:
        return await completed(server) >= before + BURST

    await eventually(done, within_s=120, every_s=0.05)
    return BURST / (time.monotonic() - begun)


class MainThread:
    """How busy the main thread of a page is, and how large its heap."""

    def __init__(self, client: CDPSession) -> None:
        self.client = client

    async def measured(self) -> tuple[float, float]:
        """Return the seconds of all tasks so far, and the bytes in use after a collection."""
        await self.client.send("HeapProfiler.collectGarbage")
        found = await self.client.send("Performance.getMetrics")
        values = {one["name"]: one["value"] for one in found["metrics"]}
        return values["TaskDuration"], values["JSHeapUsedSize"]


async def main_thread_of(page: Page) -> MainThread:
    client = await page.context.new_cdp_session(page)
    await client.send("Performance.enable")
    return MainThread(client)


async def changes_for(server: UiServer, seconds: float, first: int) -> float:
    """Start runs at an even rate for so many seconds; return the changes per second."""
    each = CHANGES_PER_S // EVENTS_PER_RUN // 4
    begun, sent = time.monotonic(), 0
    while (passed := time.monotonic() - begun) < seconds:
        if sent > passed * CHANGES_PER_S / EVENTS_PER_RUN:
            await asyncio.sleep(0.05)
            continue
        await send(server, first + sent, each)
        sent += each
    return sent * EVENTS_PER_RUN / (time.monotonic() - begun)


async def test_a_page_keeps_up_with_a_thousand_changes_a_second(
    browser: Browser, tmp_path: Path, figure: Figure
) -> None:
    async with ui_server_in(tmp_path) as server:
        await server.apply(MANY)
        await runs_per_s(server, 0)
        without = [await runs_per_s(server, BURST * number) for number in range(1, 4)]
        page = await (await browser.new_context()).new_page()
        await page.goto(server.link)
        await settled(page)
        await page.goto(f"{server.url}/ui/runs")
        await settled(page)
        with_page = [await runs_per_s(server, BURST * number) for number in range(4, 7)]
        thread = await main_thread_of(page)
        await changes_for(server, 5, 50_000)
        tasks, heap = await thread.measured()
        rate = await changes_for(server, SECONDS, 60_000)
        tasks_then, heap_then = await thread.measured()
        await page.context.close()
    busy, growth = (tasks_then - tasks) / SECONDS, heap_then - heap
    engine = max(with_page) / max(without)
    figure(
        f"{rate:,.0f} changes/s for {SECONDS:g} s: main thread {busy:.1%} busy,"
        f" heap {growth / 1e6:+.1f} MB; engine {max(without):,.0f} runs/s without the page,"
        f" {max(with_page):,.0f} with it ({engine:.3f})"
    )

    assert rate >= 0.95 * CHANGES_PER_S
    assert busy < BUSY
    assert growth < HEAP_BYTES
    assert engine >= ENGINE
