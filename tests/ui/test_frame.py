"""The frame of every page: one stream for all tabs, search, shortcuts, zones, and the past."""

import re

import pytest
from playwright.async_api import Locator, Page, Request, expect

from tests.ui.guard import Guard
from tests.ui.pages import settled
from tests.ui.seed import Seeded
from tests.ui.server import UiServer

STREAM = re.compile(r"/stream\?")
ONE_ROW_PX = 45
"""The height of a top bar whose parts stand in one row."""


async def test_the_tabs_of_a_browser_share_one_stream(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    streams: list[str] = []

    def on_request(request: Request) -> None:
        if STREAM.search(request.url):
            streams.append(request.url)

    page.context.on("request", on_request)
    await page.goto("/ui/runs")
    await expect(page.locator(".live")).to_contain_text("live")
    other = await page.context.new_page()
    await other.goto("/ui/")
    await expect(other.locator(".live")).to_contain_text("live")
    run_id = await ui_server.start("carrier")
    await expect(page.locator(f'a[href*="{run_id}"]').first).to_be_visible()
    before = len(streams)
    await page.close()

    await expect(other.locator(".live")).to_contain_text("live")
    async with other.expect_request(STREAM) as taken_over:
        await other.reload()

    assert before <= 2, "the second tab opened a stream, or the first one more than one"
    assert "topics=" in (await taken_over.value).url


async def test_keys_search_for_runs_and_go_to_pages(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    run_id = await ui_server.start("carrier")
    await page.goto("/ui/")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("Go to the runs")
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await page.keyboard.type(f"{run_id}\n")
    await expect(page).to_have_url(re.compile(f"/ui/runs/{run_id}$"))
    await expect(page.locator("#main")).to_be_focused()
    for key in "gr":
        await page.keyboard.press(key)
    await expect(page).to_have_url(re.compile("/ui/runs$"))
    await expect(page.locator("[data-index='0']")).to_be_visible()
    for key in "jjx":
        await page.keyboard.press(key)

    await expect(page.locator("[data-index='1']")).to_be_focused()
    await expect(page.locator("[data-index='1'].chosen")).to_be_visible()


async def test_the_past_is_read_only_and_kept_by_links(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    await page.goto("/ui/runs")
    await page.get_by_role("button", name="As of: now").click()
    await page.get_by_label("position", exact=True).fill("3")
    await page.keyboard.press("Enter")
    bar = page.get_by_role("region", name="As of an earlier position")
    await expect(bar).to_contain_text("This is the past")
    then = await ui_server.get("/runs?asOf=3&limit=1")
    await expect(page.locator("[data-total]")).to_contain_text(f"{then['total']} run")
    await page.get_by_role("link", name="Definitions").click()
    await expect(page).to_have_url(re.compile(r"/definitions\?asOf=3$"))
    await bar.get_by_role("button", name="Return to now").click()

    await expect(page).to_have_url(re.compile("/definitions$"))


async def test_an_unknown_address_shows_that_there_is_no_page(page: Page) -> None:
    await page.goto("/ui/nothing/here")

    await expect(page.get_by_role("heading", name="No such page")).to_be_visible()
    await expect(page).to_have_title("No such page – Baton")


async def test_a_wrong_code_leads_to_the_page_to_sign_in(
    page: Page, ui_server: UiServer, guard: Guard
) -> None:
    guard.allow(r"401")
    await page.context.clear_cookies()
    await page.goto("/ui/#code=wrong")
    await page.evaluate("localStorage.clear()")
    await page.reload()

    await expect(page.get_by_role("heading", name="Sign in to Baton")).to_be_visible()
    assert "#" not in page.url


async def height_of(element: Locator) -> float:
    box = await element.bounding_box()
    assert box is not None
    return box["height"]


@pytest.mark.parametrize("width", [1_024, 1_152, 1_280, 1_439, 1_440])
async def test_the_top_bar_is_one_row_and_its_menu_leads_to_the_other_pages(
    page: Page, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto("/ui/")
    await settled(page)
    await expect(page.locator(".live")).to_contain_text("live")
    bar = page.get_by_role("banner")
    assert await height_of(bar) <= ONE_ROW_PX

    rare = bar.get_by_role("link", name="Webhooks")
    more = bar.get_by_role("button", name="More pages")
    if width < 1_440:
        await more.click()
        rare = bar.get_by_role("menuitem", name="Webhooks")
    await rare.click()

    await expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()
    await expect(bar.locator("nav")).to_contain_text("Webhooks")
    assert await height_of(bar) <= ONE_ROW_PX


@pytest.mark.parametrize("path", ["/ui/runs?asOf=3", "/ui/system?asOf=3"])
async def test_the_bar_of_the_past_is_one_row(page: Page, path: str) -> None:
    await page.goto(path)
    await settled(page)
    bar = page.get_by_role("region", name="As of an earlier position")
    await expect(bar.locator("time")).to_be_visible()

    assert await height_of(bar) <= ONE_ROW_PX
