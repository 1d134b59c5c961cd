"""Dead letters: the reason, the bytes, and the preview of a redrive."""

from playwright.async_api import Page, expect

from tests.ui.guard import Guard
from tests.ui.letters import LETTER, REASON, VALUE
from tests.ui.server import UiServer


async def test_a_letter_shows_its_bytes_and_the_result_of_a_redrive(
    page: Page, ui_server: UiServer, guard: Guard
) -> None:
    await page.goto("/ui/dead-letters")
    await page.get_by_role("row").filter(has_text=REASON).first.click()
    await expect(page).to_have_url(f"{ui_server.url}/ui/dead-letters/{LETTER.letter_id}")

    await expect(page.locator("pre")).to_have_text(VALUE.decode())
    await page.get_by_role("tab", name="Hex").click()
    await expect(page.locator("pre")).to_contain_text("00000000  7b 22 77 6f 72 6b")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Download").click()
    assert (await (await saving.value).path()).read_bytes() == VALUE
    await page.get_by_role("button", name="Redrive").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("The message still can’t be read")
    guard.allow("409")
    await dialog.get_by_role("button", name="Send it again").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("no topics")
