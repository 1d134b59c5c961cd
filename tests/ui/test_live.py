"""The live stream: tabs that are hidden for long, and browsers that can't share a stream."""

import asyncio
from collections.abc import Sequence
from typing import Final

from playwright.async_api import BrowserContext, Locator, Page, Request, expect

from tests.kit.eventually import eventually
from tests.ui.conftest import NewPage
from tests.ui.pages import settled
from tests.ui.server import UiServer

A_MINUTE: Final = "01:01"
HIDE: Final = """hidden => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
NO_LOCKS: Final = "delete Navigator.prototype.locks"
NO_CHANNEL: Final = "delete globalThis.BroadcastChannel"
COMPLETED: Final = "type=run.RunCompleted"
NEWEST: Final = """() => [...document.querySelectorAll('[role=table] [data-index]')].slice(0, 10)
  .map((row) => Number(row.querySelector('[role=cell]').textContent))"""


class Streams:
    """The requests for the live stream that the pages of a context have open."""

    def __init__(self, context: BrowserContext) -> None:
        self.open: list[Request] = []
        context.on("request", self._begun)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._ended)

    @property
    def pages(self) -> set[Page]:
        return {one.frame.page for one in self.open}

    def _begun(self, request: Request) -> None:
        if "/stream?" in request.url:
            self.open.append(request)

    def _ended(self, request: Request) -> None:
        self.open = [one for one in self.open if one is not request]


async def completed_run(server: UiServer) -> str:
    run = await server.start("carrier", {"open": True})
    await server.ended(run)
    return run


async def hide(page: Page, *, hidden: bool) -> None:
    await page.evaluate(HIDE, hidden)
    if hidden:
        await page.clock.fast_forward(A_MINUTE)


async def test_a_tab_that_was_hidden_for_a_minute_misses_no_event(
    page: Page, ui_server: UiServer
) -> None:
    async def newest() -> list[int]:
        events = (await ui_server.get(f"/log?limit=10&before=9999999999&{COMPLETED}"))["events"]
        return sorted((int(one["position"]) for one in events), reverse=True)

    async def is_newest() -> bool:
        found: list[int] = await page.evaluate(NEWEST)
        return found == await newest()

    streams = Streams(page.context)
    await page.clock.install()
    await page.goto(f"/ui/log?{COMPLETED}")
    await settled(page)
    await completed_run(ui_server)
    await eventually(is_newest)
    await eventually(lambda: len(streams.open) == 1)

    await hide(page, hidden=True)
    await eventually(lambda: streams.open == [])
    await completed_run(ui_server)
    assert not await is_newest()
    await hide(page, hidden=False)

    await eventually(is_newest)
    await completed_run(ui_server)
    await eventually(is_newest)


async def test_a_hidden_tab_beside_the_one_that_reads_the_stream_misses_no_event(
    page: Page, ui_server: UiServer
) -> None:
    streams = Streams(page.context)
    await page.goto("/ui/runs")
    await settled(page)
    beside = await page.context.new_page()
    await beside.clock.install()
    await beside.goto("/ui/runs")
    await settled(beside)
    await shown_by(page, beside, run=await completed_run(ui_server))
    assert streams.pages == {page}

    await hide(beside, hidden=True)
    missed = await completed_run(ui_server)
    await shown_by(page, run=missed)
    await expect(link_to(beside, missed)).to_have_count(0)
    await hide(beside, hidden=False)

    await shown_by(beside, run=missed)
    await shown_by(page, beside, run=await completed_run(ui_server))
    assert streams.pages == {page}


async def test_tabs_that_cannot_share_a_stream_read_one_each(
    new_page: NewPage, ui_server: UiServer
) -> None:
    lacking = [(NO_LOCKS,), (NO_CHANNEL,), (NO_LOCKS, NO_CHANNEL)]
    pairs = [await two_tabs(await new_page(), scripts) for scripts in lacking]
    pages = [page for pair in pairs for page in pair]
    streams = [Streams(page.context) for page, _ in pairs]
    await asyncio.gather(*(shows_runs(page) for page in pages))

    await shown_by(*pages, run=await completed_run(ui_server))

    assert [one.pages for one in streams] == [set(pair) for pair in pairs]


async def two_tabs(page: Page, scripts: Sequence[str]) -> tuple[Page, Page]:
    """Return two tabs of a browser, in which the scripts run first."""
    for script in scripts:
        await page.context.add_init_script(script)
    return page, await page.context.new_page()


async def shows_runs(page: Page) -> None:
    await page.goto("/ui/runs")
    await settled(page)


def link_to(page: Page, run: str) -> Locator:
    return page.locator(f"a[title='{run}']")


async def shown_by(*pages: Page, run: str) -> None:
    for page in pages:
        await expect(link_to(page, run)).to_be_visible()
