"""Every page is complete, accessible in both themes, fits when narrow, and executes no data."""

import re
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, StorageState, ViewportSize

from tests.ui.accessibility import CONTRAST, is_too_wide, tables_too_wide, violations
from tests.ui.conftest import PATIENCE_MS, SIZE
from tests.ui.guard import Guard
from tests.ui.pages import PAGES, show
from tests.ui.seed import Seeded
from tests.ui.server import UiServer

NARROW: Final[ViewportSize] = {"width": 400, "height": 800}
ZOOMED: Final[ViewportSize] = {"width": SIZE["width"] // 2, "height": SIZE["height"] // 2}
"""What is left of the window at a zoom of 200 %."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_page(
    browser: Browser, ui_server: UiServer, signed_in: StorageState
) -> AsyncIterator[tuple[Page, Guard]]:
    """One page for all tests of the module, because a new context loads every file again."""
    guard = Guard(ui_server.url)
    context = await browser.new_context(
        storage_state=signed_in, viewport=SIZE, base_url=ui_server.url, color_scheme="light"
    )
    context.set_default_timeout(PATIENCE_MS)
    guard.watch(context)
    yield await context.new_page(), guard
    await context.close()


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_complete_accessible_and_fits(
    name: str, shared_page: tuple[Page, Guard], seeded: Seeded
) -> None:
    page, guard = shared_page
    guard.complaints.clear()
    guard.urls.clear()
    await show(page, name, seeded)

    assert await page.locator("main h1").inner_text() != "No such page"
    assert re.search(r"\w.*Baton", await page.title())
    light = await violations(page)
    await page.emulate_media(color_scheme="dark")
    dark = await violations(page, CONTRAST)
    wide: dict[str, object] = {}
    narrow: list[str] = []
    for label, size in (("400 px", NARROW), ("200 %", ZOOMED), ("as usual", SIZE)):
        await page.set_viewport_size(size)
        wide[label] = await is_too_wide(page) or (size != SIZE and await tables_too_wide(page))
        if size == NARROW:
            narrow = await violations(page)
    await page.emulate_media(color_scheme="light")

    assert await page.evaluate("() => [globalThis.hacked, globalThis.hacked]") == [None, None]
    assert (light, dark, narrow) == ([], [], [])
    assert {label: one for label, one in wide.items() if one} == {}
    guard.check()
