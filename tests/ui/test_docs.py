"""The page of all operations: search, one that is open, and what it sends."""

from playwright.async_api import Page, expect

from tests.ui.server import UiServer


async def test_an_operation_is_found_opened_and_sent_with_the_session(page: Page) -> None:
    await page.goto("/docs")
    await page.get_by_role("searchbox").fill("numbers of runs by status")
    await page.get_by_role("link", name="/stats").first.click()
    await page.get_by_label("window", exact=True).fill("1h")

    await page.get_by_role("button", name="Send GET").click()

    answer = page.get_by_role("region", name="Response")
    await expect(answer.get_by_role("status")).to_contain_text("200 OK")
    await expect(answer).to_contain_text('"window"')


async def test_a_dialect_is_called_with_a_token_that_the_page_forgets(
    page: Page, ui_server: UiServer
) -> None:
    await page.goto("/docs#orchestration-system/listWorkflows")
    send = page.get_by_role("button", name="Send GET")
    await expect(send).to_be_disabled()

    await page.get_by_label("Token or API key").fill(ui_server.dev.token)
    await send.click()

    await expect(page.get_by_role("region", name="Response")).to_contain_text("200 OK")
    stored = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert ui_server.dev.token not in stored
    await page.reload()
    await expect(page.get_by_label("Token or API key")).to_have_value("")
