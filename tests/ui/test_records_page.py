"""The pages of record events: the list, the runs that each event started, and sending an event."""

from playwright.async_api import Page, expect

from baton.cli.server.events import BATCH
from tests.kit.eventually import eventually
from tests.ui.pages import settled
from tests.ui.seed import Seeded
from tests.ui.server import UiServer


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


async def test_older_events_come_in_until_the_first_one_and_then_none_is_offered(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    shared = {"specversion": "1.0", "source": "tests", "type": "noted"}
    sent = [{**shared, "id": f"note-{number}", "subject": "notes"} for number in range(120)]
    await ui_server.call("POST", "/events", sent, headers={"Content-Type": BATCH})
    await page.goto("/ui/records")
    await settled(page)
    table = page.get_by_role("table", name="Record events")
    await expect(table).to_have_attribute("aria-rowcount", "102")

    every = (await ui_server.get("/records?limit=500"))["records"]

    async def all_are_read() -> bool:
        await table.evaluate("box => { box.scrollTop = box.scrollHeight }")
        return await table.get_attribute("aria-rowcount") == str(len(every) + 1)

    assert await eventually(all_are_read)
    await expect(table.get_by_role("row").last).to_contain_text(every[-1]["eventId"])
    await expect(page.get_by_role("button", name="Look further back")).to_have_count(0)
