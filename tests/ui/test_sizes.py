"""The UI is small, and the page of a long run reads little before it shows something.

Sizes are those of the responses' bodies as they are sent, compressed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Request

from tests.ui.big_data import LONG_RUN
from tests.ui.conftest import Figure, NewPage
from tests.ui.pages import go, settled

FIRST_LOAD = 37_000
LONG_RUN_BYTES = 150_000
FIRST_REQUESTS = 17
FIRST_SHOWN = {
    "graph": "svg .graph-node",
    "timeline": "[role=table] [data-index]",
    "events": "[role=table] [data-index]",
}
"""What a tab has shown once it has shown anything, as a selector."""
WATCH = """selector => {
  const begun = performance.now();
  performance.setResourceTimingBufferSize(2000);
  globalThis.shown = new Promise((done) => {
    // A frame may come late on a busy machine, when the page has read more.
    const look = () => document.querySelector(selector) && done([begun, performance.now()]);
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    look();
  });
}"""
READ_BEFORE = """async () => {
  const [begun, at] = await shown;
  const read = performance.getEntriesByType('resource')
    .filter((one) => one.startTime >= begun && one.responseEnd <= at);
  return Object.fromEntries(
    read.map((one) => [one.name.replace(location.origin, ''), one.encodedBodySize]));
}"""


@asynccontextmanager
async def requests_of(page: Page) -> AsyncIterator[list[Request]]:
    """Collect the finished requests of a page until the block ends."""
    finished: list[Request] = []

    def keep(request: Request) -> None:
        finished.append(request)

    page.on("requestfinished", keep)
    yield finished
    page.remove_listener("requestfinished", keep)


async def size_of(request: Request) -> int:
    return int((await request.sizes())["responseBodySize"])


def is_file(request: Request) -> bool:
    path = urlsplit(request.url).path
    return path.startswith("/ui") and not path.startswith("/ui/session")


async def test_the_first_load_is_small(new_page: NewPage, figure: Figure) -> None:
    page = await new_page()
    async with requests_of(page) as finished:
        await page.goto("/ui/")
        await settled(page)
    files = {urlsplit(one.url).path: await size_of(one) for one in finished if is_file(one)}
    figure(f"first load: {sum(files.values()):,} bytes in {len(files)} files: {files}")

    assert sum(files.values()) <= FIRST_LOAD
    assert len(files) <= FIRST_REQUESTS


@pytest.mark.parametrize(("tab", "shown"), FIRST_SHOWN.items())
async def test_the_page_of_a_long_run_reads_little_before_it_shows(
    page: Page, figure: Figure, tab: str, shown: str
) -> None:
    await page.goto("/ui/")
    await settled(page)
    await page.evaluate(WATCH, shown)
    await go(page, f"/ui/runs/{LONG_RUN}?tab={tab}")
    read: dict[str, int] = await page.evaluate(READ_BEFORE)
    figure(f"{tab} of a run of 10,000 events: {sum(read.values()):,} bytes before it shows: {read}")

    assert read
    assert sum(read.values()) <= LONG_RUN_BYTES
