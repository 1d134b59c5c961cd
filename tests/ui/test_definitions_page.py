"""The pages of definitions: find one, look at it, start a run, try a decision and a change."""

import json

from playwright.async_api import Page, expect

from tests.ui.pages import settled
from tests.ui.seed import Seeded
from tests.ui.server import UiServer

ORDERS = "/ui/definitions/order-processing"


async def test_a_definition_is_found_and_looked_at_from_each_side(
    page: Page, seeded: Seeded
) -> None:
    await page.goto("/ui/definitions?q=order")
    await expect(page.get_by_role("row")).to_have_count(2)
    row = page.get_by_role("row").filter(has_text="order-processing")
    assert await row.locator(".last-run").count() == 5

    await row.get_by_role("link", name="order-processing").click()
    for tab, shown in (
        ("Steps", "validate"),
        ("Triggers", "event record.created of orders"),
        ("Versions", "in force"),
        ("Statistics", "Failure rate"),
        ("Explain", "It waits for events of type record.created"),
        ("Source", "order-processing"),
    ):
        await page.get_by_role("tab", name=tab).click()
        await expect(page.get_by_role("tabpanel")).to_contain_text(shown)
    await page.get_by_label("Written as").select_option("centrali-openapi")
    await expect(page.get_by_role("tabpanel")).to_contain_text("workspaceSlug")


async def test_a_run_starts_with_an_input_that_is_json(page: Page, seeded: Seeded) -> None:
    await page.goto("/ui/definitions/carrier")
    await page.get_by_role("button", name="Start a run").click()
    dialog = page.get_by_role("dialog")
    start = dialog.get_by_role("button", name="Start the run")

    await dialog.get_by_label("Input (JSON)").fill('{"open": ')
    await expect(start).to_be_disabled()
    await dialog.get_by_label("Input (JSON)").fill('{"open": 9007199254740993}')
    await expect(dialog).to_contain_text("A browser rounds the number")
    await dialog.get_by_label("Input (JSON)").fill('{"open": true}')
    await dialog.get_by_label("Correlation id").fill("from-the-page")
    await start.click()

    await page.wait_for_url("**/ui/runs/*")


async def test_a_decision_is_tried_on_the_data_of_a_run(page: Page, seeded: Seeded) -> None:
    await page.goto(f"{ORDERS}/test?run={seeded.fulfilled}")
    await settled(page)
    await expect(page.get_by_text(f"The data is that of run {seeded.fulfilled}")).to_be_visible()

    await page.get_by_role("button", name="Try the decision").click()

    await expect(page.get_by_text("The run would go on at fulfill")).to_be_visible()
    comparison = page.get_by_role("table", name="Comparisons").get_by_role("row").last
    await expect(comparison).to_contain_text("yes")


async def test_a_changed_definition_is_tried_on_recorded_runs(
    page: Page, seeded: Seeded, ui_server: UiServer
) -> None:
    document = await ui_server.get("/definitions/order-processing/versions/1")
    changed = json.dumps(document["definition"]).replace('"value": true', '"value": false')
    await page.goto(f"{ORDERS}/test?tab=backtest")
    await page.get_by_label("Changed definition").fill(changed)
    await page.get_by_role("button", name="Start the backtest").click()

    report = page.get_by_label("Backtest", exact=True)
    await expect(report).to_contain_text("completed")
    await expect(report).to_contain_text("reject")
    link = report.get_by_role("link", name=seeded.fulfilled).first
    await expect(link).to_have_attribute("href", f"/ui/runs/{seeded.fulfilled}")


async def test_a_definition_is_paused_and_activated(
    page: Page, seeded: Seeded, ui_server: UiServer
) -> None:
    step = {"id": "rest", "function": "noop"}
    await ui_server.apply({"slug": "resting", "name": "Resting", "steps": [step]})
    await page.goto("/ui/definitions/resting")

    await page.get_by_role("button", name="Pause…").click()
    await page.get_by_role("button", name="Pause the definition").click()
    start = page.get_by_role("button", name="Start a run")
    await expect(start).to_have_attribute("aria-disabled", "true")
    assert (await ui_server.get("/definitions/resting"))["status"] == "paused"
    await page.get_by_role("button", name="Activate", exact=True).click()

    await expect(start).not_to_have_attribute("aria-disabled", "true")
    assert (await ui_server.get("/definitions/resting"))["status"] == "active"
