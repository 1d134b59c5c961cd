"""The pages of schedules: the list, and one with its ticks."""

import re

from playwright.async_api import Page, expect

from tests.ui.seed import Seeded


async def test_a_schedule_shows_its_ticks_and_its_definition(page: Page, seeded: Seeded) -> None:
    await page.goto("/ui/schedules")
    row = page.get_by_role("row").filter(has_text="nightly")
    await expect(row).to_contain_text("cron 30 2 * * * (Europe/Berlin)")

    await row.get_by_role("link", name="nightly").click()

    await page.wait_for_url(f"**/ui/schedules/{seeded.schedule}")
    coming = page.get_by_role("table", name="Next ticks")
    await expect(coming).to_have_attribute("aria-rowcount", "21")
    await expect(coming).to_contain_text(re.compile(r" 02:30 \+0[12]:00"))
    await expect(page.get_by_text("No tick has been due yet")).to_be_visible()
    runs = page.get_by_role("link", name="runs that schedules started")
    await expect(runs).to_have_attribute("href", "/ui/runs?definition=nightly&trigger=schedule")
    await page.get_by_role("main").get_by_role("link", name="nightly").click()
    await page.wait_for_url(f"**/ui/definitions/{seeded.schedule}")
