"""The main job by keys alone: find a failed run, see why it failed, and run it again."""

import re

from playwright.async_api import Page, expect

from tests.ui.pages import settled
from tests.ui.seed import Seeded

TAB_STOPS = 60
"""A control that isn't reached within so many presses of Tab counts as unreachable."""


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focused element has an accessible name; it must have a visible focus."""
    for _ in range(TAB_STOPS):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        found: str = await focused.evaluate(
            """one => (one.getAttribute('aria-label') || one.innerText
              || one.labels?.[0]?.innerText || '').trim()"""
        )
        if re.search(name, found):
            outline: str = await focused.evaluate(
                """one => {
                  const { outlineStyle, boxShadow } = getComputedStyle(one);
                  return `${outlineStyle} ${boxShadow}`;
                }"""
            )
            assert outline != "none none", f"{name} has no visible focus"
            return
    raise AssertionError(f"{name} isn't reached by Tab")


async def tab_to_rows(page: Page) -> None:
    """Press Tab until a row of a table has the focus."""
    for _ in range(TAB_STOPS):
        await page.keyboard.press("Tab")
        if await page.locator("[data-index]:focus").count():
            return
    raise AssertionError("no row is reached by Tab")


async def test_a_failed_run_is_found_and_run_again_by_keys(page: Page, seeded: Seeded) -> None:
    await page.goto("/ui/")
    await settled(page)
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await expect(page).to_have_url(re.compile("/ui/runs"))
    await settled(page)
    await page.goto("/ui/runs?status=failed&definition=carrier&handled=true")
    await settled(page)
    await tab_to_rows(page)
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(seeded.failed))
    await settled(page)
    await expect(page.locator("main")).to_contain_text("CLOSED")
    await tab_to(page, "^Rerun")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert await page.locator(":focus").inner_text() == "Rerun…"
    await page.keyboard.press("Enter")
    await dialog.get_by_label("Reason").focus()
    await page.keyboard.type("by keys")
    await page.keyboard.press("Enter")
    await expect(page).not_to_have_url(re.compile(seeded.failed))
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("g r")
