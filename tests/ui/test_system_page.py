"""The system: checks, followers, sets of views, the hold on the server, settings, the clock."""

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from baton.protocols.iso_time import parse_time
from tests.ui.guard import Guard
from tests.ui.server import UiServer, ui_server_in

HOUR_MS = 3_600_000


async def test_a_set_of_views_is_built_promoted_and_taken_back(
    page: Page, ui_server: UiServer
) -> None:
    await page.goto("/ui/system")
    await expect(page.get_by_role("table", name="Followers")).to_contain_text("Notary")
    sets = page.get_by_role("table", name="Sets of views")
    await page.get_by_role("button", name="Build another set").click()
    await page.get_by_role("button", name="Promote").click()
    await page.get_by_role("dialog").get_by_role("button", name="Promote set").click()
    await expect(sets.get_by_text("previous")).to_be_visible()
    await page.get_by_role("button", name="Take back").click()
    await page.get_by_role("dialog").get_by_role("button", name="Promote set").click()
    await expect(sets.get_by_role("row").nth(1)).to_contain_text("live")

    await page.get_by_text("Settings", exact=True).click()
    settings = page.get_by_role("table", name="Settings")
    await expect(settings.get_by_role("row").filter(has_text="BATON_JWT_SECRET")).to_be_visible()
    assert ui_server.dev.token not in await page.content()


async def test_the_server_is_held_and_released(page: Page, ui_server: UiServer) -> None:
    held = page.get_by_text("The server is held")
    try:
        await page.goto("/ui/system")
        await page.get_by_role("button", name="Hold…").click()
        await page.get_by_label("Reason").fill("the warehouse is down")
        await page.get_by_role("button", name="Hold the server").click()
        await expect(page.get_by_text("the warehouse is down")).to_be_visible()
        await page.get_by_role("link", name="Overview").click()
        await expect(held).to_be_visible()
        await page.get_by_role("link", name="The page of the system").first.click()
        await page.get_by_role("button", name="Release").click()
        await expect(page.get_by_role("button", name="Hold…")).to_be_visible()
        await expect(held).not_to_be_visible()
        assert (await ui_server.get("/system"))["hold"] == {"held": False}
    finally:
        await ui_server.post("/system/release")


async def test_the_virtual_clock_is_moved(browser: Browser, tmp_path: Path) -> None:
    async with ui_server_in(tmp_path, "--virtual-time") as server:
        context = await browser.new_context()
        guard = Guard(server.url)
        guard.watch(context)
        page = await context.new_page()
        await page.goto(await server.new_link())
        await page.get_by_role("navigation").wait_for()
        await page.goto(f"{server.url}/ui/system")
        before = (await server.get("/clock"))["now"]
        await page.get_by_role("button", name="+ 1h").click()
        shown = page.locator(".clock strong time")
        await expect(shown).not_to_have_attribute("datetime", before)
        after = (await server.get("/clock"))["now"]
        await expect(shown).to_have_attribute("datetime", after)
        assert parse_time(after) - parse_time(before) == HOUR_MS
        await context.close()
    guard.check()
