"""The pages of record events: what came in, what each event started, and sending one."""

from playwright.async_api import Page, expect

from tests.ui.seed import Seeded


async def test_a_record_event_leads_to_its_run_and_says_what_it_did_not_match(
    page: Page, seeded: Seeded
) -> None:
    await page.goto(f"/ui/records/{seeded.record}")
    definitions = page.get_by_role("table", name="Definitions")
    started = definitions.get_by_role("row").filter(has_text="order-processing")
    await expect(started).to_contain_text("started")

    await page.get_by_label("that it doesn’t match").check()

    await expect(definitions).to_contain_text("no match")
    run = started.get_by_role("cell").last.get_by_role("link")
    assert (await run.get_attribute("href") or "").startswith("/ui/runs/")


async def test_an_event_is_sent_and_appears_in_the_list(page: Page, seeded: Seeded) -> None:
    await page.goto("/ui/records")
    await page.get_by_role("button", name="Send an event").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Structure").fill("invoices")
    await dialog.get_by_label("Record id").fill("inv-77")
    await dialog.get_by_role("button", name="Send", exact=True).click()

    await expect(dialog).to_contain_text("No definition waits for it")
    await dialog.get_by_text("Close", exact=True).click()
    await expect(page.get_by_role("row").filter(has_text="inv-77")).to_contain_text("invoices")
