"""Bulk actions: the list, and the outcomes of one."""

from playwright.async_api import Page, expect

from tests.ui.seed import Seeded


async def test_a_bulk_shows_the_outcome_of_each_run(page: Page, seeded: Seeded) -> None:
    await page.goto("/ui/bulk")
    await page.get_by_role("link", name=f"retry {seeded.bulk[-6:]}").click()

    await expect(page.get_by_role("heading", name="retry 2 runs")).to_be_visible()
    await expect(page.get_by_text("2 of 2")).to_be_visible()
    await page.get_by_role("tab", name="Refused 1").click()
    rows = page.get_by_role("table", name="Outcomes").locator("[data-index]")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(seeded.fulfilled)
    await expect(rows).to_contain_text("no failed step")
    assert "outcome=refused" in page.url
    stop = page.get_by_role("button", name="Stop")
    await expect(stop).to_have_attribute("title", "The bulk has ended")
