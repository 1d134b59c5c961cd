"""Webhooks: registered, with another secret, tested, and deleted; deliveries with attempts."""

import re

from playwright.async_api import Page, expect

from baton.demo.orders import orders
from tests.kit.eventually import eventually
from tests.ui.seed import Seeded
from tests.ui.server import UiServer
from tests.webhooks.receiver import receiving


async def test_a_webhook_is_registered_tested_changed_and_deleted(
    page: Page, ui_server: UiServer
) -> None:
    async with receiving() as receiver:
        await page.goto("/ui/webhooks")
        await page.get_by_role("button", name="Register a webhook").click()
        await page.get_by_label("URL").fill(receiver.url)
        await page.get_by_role("button", name="Register", exact=True).click()
        first = await page.locator(".secrets code").inner_text()
        await page.get_by_role("button", name="I have kept it").click()
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_text("The receiver answered 200")).to_be_visible()
        assert receiver.took[0].verified(first)

        await page.get_by_role("button", name="Change the secret").click()
        await page.get_by_role("dialog").get_by_role("button", name="Change the secret").click()
        shown = page.locator(".secrets code")
        await expect(shown).to_have_count(2)
        assert await shown.nth(1).inner_text() == first != await shown.nth(0).inner_text()
        await page.get_by_role("button", name="I have kept it").click()
        assert first not in await page.content() + page.url
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(page).to_have_url(f"{ui_server.url}/ui/webhooks")
    await expect(page.get_by_text(receiver.url)).to_have_count(0)


async def test_a_delivery_shows_its_attempts_and_is_sent_again(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    path = f"/webhooks/{seeded.webhook}/deliveries"
    (order,) = orders(1)
    await ui_server.ended(await ui_server.send_order("webhooks-page", order))

    async def tried() -> int | None:
        """Return the row of a delivery with an attempt: of a receiver that fails, others wait."""
        listed = enumerate((await ui_server.get(path))["deliveries"], 1)
        return next((row for row, one in listed if one["attempts"]), None)

    row = await eventually(tried)
    assert row is not None
    await page.goto(f"/ui/webhooks/{seeded.webhook}")
    table = page.get_by_role("table", name="Deliveries")
    await table.get_by_role("row").nth(row).click()
    pane = page.get_by_role("complementary", name="Delivery")
    await expect(pane.get_by_text("attempt 1")).to_be_visible()
    await pane.get_by_role("button", name="Send it now").click()

    # The attempt itself may wait until the circuit of the receiver lets it through. A delivery that
    # is due already isn't redriven: its next attempt follows without that.
    sent_again = pane.get_by_text(re.compile(r"by dev|attempt 2"))
    await expect(sent_again.first).to_be_visible()
