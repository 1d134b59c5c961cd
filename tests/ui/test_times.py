"""One choice of the time zone changes every time on the page."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.ui.conftest import NewPage
from tests.ui.pages import show
from tests.ui.seed import Seeded

CLOCK = re.compile(r"\b(\d\d):(\d\d):(\d\d)\b")
PAGES_WITH_TIMES = ("runs", "run", "run-timeline", "run-events", "schedule", "records", "audit")
KATHMANDU = "Asia/Kathmandu"
"""5 h 45 min ahead of UTC, so that the minutes of every time differ."""


async def minutes(page: Page) -> list[str]:
    """Return the minutes of every time of day in the text of the page."""
    text = await page.locator("main").inner_text()
    return [found[2] for found in CLOCK.finditer(text)]


def shifted(minute: str) -> str:
    return f"{(int(minute) + 45) % 60:02}"


@pytest.mark.parametrize("name", PAGES_WITH_TIMES)
async def test_the_zone_changes_every_time_on_the_page(
    name: str, new_page: NewPage, seeded: Seeded
) -> None:
    page = await new_page(timezone_id=KATHMANDU)
    await show(page, name, seeded)
    before = await minutes(page)
    await page.get_by_label("Time zone").select_option("local")
    await expect(page.get_by_label("Time zone")).to_have_value("local")
    after = await minutes(page)

    assert before
    assert after == [shifted(one) for one in before]
