"""The log as a tail of new events, and the stream of one run with its links."""

from playwright.async_api import Page, expect

from tests.ui.seed import Seeded
from tests.ui.server import UiServer


async def test_new_events_come_in_unless_the_log_is_paused(page: Page, ui_server: UiServer) -> None:
    await page.goto("/ui/log?type=run.RunRequested&type=run.StepFailed")
    table = page.get_by_role("table", name="Events of the log")
    await table.wait_for()

    run_id = await ui_server.start("carrier", {"parcel": 1})
    row = table.get_by_role("row").filter(has_text=run_id)
    await expect(row.filter(has_text="run.RunRequested")).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    other = await ui_server.start("carrier", {"parcel": 2})
    await expect(page.get_by_text("there are newer events")).to_be_visible()
    await expect(table.get_by_text(other)).to_have_count(0)
    await page.get_by_role("button", name="Follow").click()
    await expect(table.get_by_text(other).first).to_be_visible()


async def test_folded_types_are_remembered_and_failures_stay(page: Page, seeded: Seeded) -> None:
    await page.goto("/ui/log?type=run.RunRequested&type=run.StepFailed")
    await page.get_by_text("Types of events").click()
    await expect(page.get_by_label("run.StepFailed", exact=True)).to_be_disabled()
    await page.get_by_label("run.RunRequested", exact=True).uncheck()
    await page.reload()

    table = page.get_by_role("table", name="Events of the log")
    await expect(table.get_by_text("✕ run.StepFailed").first).to_be_visible()
    await expect(table.get_by_text("folded").first).to_be_visible()
    assert await table.get_by_text("run.RunRequested", exact=True).count() == 0


async def test_a_stream_leads_from_a_run_to_its_cause_and_its_deliveries(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    path = f"/runs/{seeded.fulfilled}/record"
    record = (await ui_server.get(path))["record"]
    await page.goto(f"/ui/streams/run/{seeded.fulfilled}")
    await page.get_by_role("table", name="Events").wait_for()

    await page.keyboard.press("]")
    await page.keyboard.press("]")
    await expect(page.get_by_role("heading", name="Event 2")).to_be_visible()
    await page.keyboard.press("[")
    await expect(page.get_by_role("heading", name="Event 1")).to_be_visible()
    await page.get_by_role("link", name=record["recordId"]).click()
    await expect(page).to_have_url(f"{ui_server.url}/ui/records/{record['id']}")
    await page.goto(f"/ui/streams/record/{record['id']}")
    await page.get_by_role("link", name=seeded.fulfilled).click()
    await expect(page).to_have_url(f"{ui_server.url}/ui/runs/{seeded.fulfilled}")
