"""An open list of runs under a thousand changes a second (`make ui-load`)."""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal, TypeAlias

import pytest
from playwright.async_api import Browser, CDPSession, Page

from tests.kit.stack import in_background
from tests.ui.conftest import Figure
from tests.ui.load import EVENTS_PER_RUN, MANY, POSITIONS_PER_RUN, position, reached, send
from tests.ui.pages import settled
from tests.ui.server import UiServer, ui_server_in

Open: TypeAlias = Literal["nothing", "readers", "page"]
"""What is open while a burst is measured."""

SECONDS = float(os.environ.get("BATON_UI_LOAD_S", "0"))
CHANGES_PER_S = 1_000
BUSY, HEAP_BYTES, ENGINE = 0.30, 20_000_000, 0.97
KEEPS_UP_S = 2.0
"""Seconds after the last change within which the views hold all of them."""
BURST, BURST_S = 3_000, 2.5
"""Runs of one measurement of the engine, and the seconds in which all of their work is done."""
READERS = 10
"""Readers whose work is measured together, because that of one is less than the noise."""
READS_PER_S = 2
"""Lists that a reader reads, and a page at most."""
ORDER: tuple[Open, ...] = ("nothing", "readers", "page", "page", "readers", "nothing") * 2
"""The measurements, in an order in which a growing store favours none."""
pytestmark = pytest.mark.skipif(not SECONDS, reason="make ui-load measures for a minute")


@dataclass(frozen=True, slots=True)
class Burst:
    """The seconds in which the engine ended the runs, and those that processors worked for them.

    The latter are of all processes of the server, with what they do behind the views.
    """

    wall_s: float
    processor_s: float


async def burst(server: UiServer, first: int) -> Burst:
    """Start runs at once, wait for their ends, and measure what they took."""
    begun, before = time.monotonic(), await position(server)
    worked = processor_s(server.dev.process.pid)
    for number in range(first, first + BURST, 500):
        await send(server, number, 500)
    await reached(server, before + BURST * POSITIONS_PER_RUN, within_s=120)
    wall_s = time.monotonic() - begun
    await asyncio.sleep(max(0, BURST_S - wall_s))
    return Burst(wall_s, processor_s(server.dev.process.pid) - worked)


def processor_s(process: int) -> float:
    """Return the seconds that processors have worked for a process and its children."""
    status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = (int(status[11]) + int(status[12])) / os.sysconf("SC_CLK_TCK")
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return own + sum(
        processor_s(int(child)) for task in tasks for child in task.read_text().split()
    )


async def read_as_a_page(server: UiServer) -> None:
    """Read the stream of an open list, and after changes the list itself, as its page does."""
    changed, headers = asyncio.Event(), {"Authorization": f"Bearer {server.dev.token}"}

    async def read_stream() -> None:
        accepting = {**headers, "Accept": "text/event-stream"}
        url = f"{server.url}/stream?topics=runs,stats"
        async with server.session.get(url, headers=accepting, raise_for_status=True) as answer:
            async for line in answer.content:
                if line.startswith(b"event: run"):
                    changed.set()

    async def read_list() -> None:
        while True:
            await changed.wait()
            changed.clear()
            url = f"{server.url}/runs?limit=60"
            async with server.session.get(url, headers=headers, raise_for_status=True) as answer:
                await answer.read()
            await asyncio.sleep(1 / READS_PER_S)

    async with asyncio.TaskGroup() as group:
        group.create_task(read_stream())
        group.create_task(read_list())


@asynccontextmanager
async def opened(kind: Open, server: UiServer, page: Page) -> AsyncIterator[None]:
    """Keep nothing, the list of runs in the page, or ten readers open while the block runs."""
    await page.goto(f"{server.url}/ui/runs" if kind == "page" else "about:blank")
    if kind == "page":
        await settled(page)
    readers = READERS if kind == "readers" else 0
    async with in_background(*(read_as_a_page(server) for _ in range(readers))) as reading:
        yield
        assert not any(one.done() for one in reading)


async def measured(server: UiServer, page: Page) -> dict[Open, list[Burst]]:
    """Return bursts with nothing, with readers and with the page open."""
    bursts: dict[Open, list[Burst]] = defaultdict(list)
    await burst(server, 0)
    for number, kind in enumerate(ORDER, 1):
        async with opened(kind, server, page):
            bursts[kind].append(await burst(server, BURST * number))
    return bursts


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


async def changes_for(server: UiServer, seconds: float, first: int) -> tuple[int, float]:
    """Start runs at an even rate for so many seconds; return them and the changes per second."""
    each = CHANGES_PER_S // EVENTS_PER_RUN // 4
    begun, sent = time.monotonic(), 0
    while (passed := time.monotonic() - begun) < seconds:
        if sent > passed * CHANGES_PER_S / EVENTS_PER_RUN:
            await asyncio.sleep(0.05)
            continue
        await send(server, first + sent, each)
        sent += each
    return sent, sent * EVENTS_PER_RUN / (time.monotonic() - begun)


async def test_a_page_keeps_up_with_a_thousand_changes_a_second(
    browser: Browser, tmp_path: Path, figure: Figure
) -> None:
    async with ui_server_in(tmp_path) as server:
        await server.apply(MANY)
        page = await (await browser.new_context()).new_page()
        await page.goto(server.link)
        await settled(page)
        bursts = await measured(server, page)
        async with opened("page", server, page):
            thread = await main_thread_of(page)
            await changes_for(server, 5, 100_000)
            tasks, heap = await thread.measured()
            before, asked = await position(server), list[str]()
            page.on("request", lambda request: asked.append(request.url))
            sent, rate = await changes_for(server, SECONDS, 200_000)
            await reached(server, before + sent * POSITIONS_PER_RUN, within_s=KEEPS_UP_S)
            tasks_then, heap_then = await thread.measured()
        await page.context.close()
    busy, growth = (tasks_then - tasks) / SECONDS, heap_then - heap
    work = {kind: median(one.processor_s for one in found) for kind, found in bursts.items()}
    runs_per_s = {kind: BURST / min(one.wall_s for one in found) for kind, found in bursts.items()}
    of_a_page = (work["readers"] - work["nothing"]) / READERS
    engine = work["nothing"] / (work["nothing"] + of_a_page)
    us = {kind: seconds / BURST * 1e6 for kind, seconds in work.items()}
    figure(
        f"{rate:,.0f} changes/s for {SECONDS:g} s: main thread {busy:.1%} busy, heap"
        f" {growth / 1e6:+.1f} MB, {len(asked) / SECONDS:.1f} requests/s. At full speed the server"
        f" works {us['nothing']:.0f} us a run, {of_a_page / BURST * 1e6:.1f} us more for each page"
        f" ({engine:.3f}). With the browser on its processors it works {us['page']:.0f} us and ends"
        f" {runs_per_s['page']:,.0f} runs/s of {runs_per_s['nothing']:,.0f}"
        f" ({runs_per_s['page'] / runs_per_s['nothing']:.3f})"
    )

    assert rate >= 0.95 * CHANGES_PER_S
    assert busy < BUSY
    assert growth < HEAP_BYTES
    assert len(asked) <= SECONDS * READS_PER_S
    assert engine >= ENGINE
