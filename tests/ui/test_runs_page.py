"""The list of runs: filters in the address, rows that change in place, actions on many runs."""

import time

from playwright.async_api import Page, expect

from tests.ui.seed import Seeded
from tests.ui.server import UiServer

TITLED = {
    "slug": "titled",
    "name": "Titled",
    "title": "Parcel ${input.parcel}",
    "steps": [{"id": "call", "function": "hold"}],
}
NEAR_S = 4
"""Four times the second within which an append shows: other tests may run beside this one."""


async def test_new_runs_come_in_and_rows_change_in_place(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    await ui_server.apply(TITLED)
    await page.goto("/ui/runs?definition=titled")
    await expect(page.get_by_text("No run matches the filter")).to_be_visible()

    began = time.monotonic()
    run_id = await ui_server.start("titled", {"parcel": 7})
    row = page.get_by_role("row").filter(has_text="Parcel 7")
    await expect(row).to_contain_text("running")
    await expect(row).to_contain_text("call")
    assert time.monotonic() - began < NEAR_S
    await ui_server.post(f"/runs/{run_id}/cancel", {"reason": "returned"})
    await expect(row).to_contain_text("cancelled")
    await expect(row).to_contain_text("returned")
    await expect(page.locator("[data-total]")).to_have_text("1 run")


async def test_a_reader_further_down_sees_new_runs_counted(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    await page.set_viewport_size({"width": 1_000, "height": 420})
    await page.goto("/ui/runs")
    total = (await ui_server.get("/runs?limit=1"))["total"]
    await expect(page.locator("[data-total]")).to_have_text(f"{total} runs")
    table = page.get_by_role("table", name="Runs")
    await table.evaluate("box => { box.scrollTop = 84; }")
    first = page.locator("[data-index='0']")
    before = await first.locator("a").first.get_attribute("title")

    await ui_server.start("carrier")
    await page.get_by_role("button", name="1 new run").click()

    await expect(first.locator("a").first).not_to_have_attribute("title", str(before))
    assert await table.evaluate("box => box.scrollTop") == 0


async def test_runs_chosen_by_key_are_cancelled_together(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    names = [await ui_server.start("patient", {"n": n}) for n in range(3)]
    await page.goto("/ui/runs?definition=patient&status=running")
    await page.locator(f"a[title='{names[0]}']").wait_for()

    await page.locator("[data-index='0']").focus()
    for key in ("x", "j", "x"):
        await page.keyboard.press(key)
    bar = page.get_by_role("region", name="Actions on the selected runs")
    await expect(bar).to_contain_text("2 selected")
    await expect(bar.get_by_role("button", name="Compare")).to_be_enabled()
    retry = bar.get_by_role("button", name="Retry")
    await expect(retry).to_have_attribute("aria-disabled", "true")
    await bar.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Reason").fill("enough")
    await dialog.get_by_role("button", name="Cancel 2 runs").click()

    await expect(page.get_by_role("heading", name="cancel 2 runs")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="done")).to_have_count(2)
    assert (await ui_server.get(f"/runs/{names[2]}"))["cancelReason"] == "enough"
    assert (await ui_server.get(f"/runs/{names[0]}"))["status"] == "running"
    await page.goto("/ui/runs?handled=false&definition=carrier")
    await expect(page.get_by_role("table")).to_contain_text("ship: CLOSED")


async def test_a_narrow_list_shows_status_definition_and_time_of_each_run(
    page: Page, seeded: Seeded
) -> None:
    await page.set_viewport_size({"width": 400, "height": 800})
    await page.goto(f"/ui/runs?q={seeded.failed}")
    row = page.locator("[data-index='0']")

    for text in ("failed", "carrier v", "ago", "ship: CLOSED"):
        await expect(row.get_by_text(text).last).to_be_in_viewport(ratio=1)
