"""A walk through the UI: an order of the demo from its event to its outcome, and run again."""

import os
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from baton.demo.orders import orders
from tests.ui.pages import settled
from tests.ui.seed import REJECTED, Seeded
from tests.ui.server import UiServer

PICTURES = os.environ.get("BATON_UI_PICTURES", "")
RECORD = "7001"
LIVE_MS = 1_000
"""A change is on the page within this time after the API answered the request for it."""


async def picture(page: Page, stop: str) -> None:
    if PICTURES:
        path = Path(PICTURES) / f"walk-{stop}.png"
        await page.screenshot(path=path, animations="disabled")


def status_of_node(page: Page, step: str) -> Any:
    """Return the node of a step in the graph."""
    return page.locator(".graph-node", has_text=step)


async def test_an_order_is_followed_from_its_event_to_its_outcome_and_run_again(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    faulty = list(orders(4))[3]
    await page.goto("/ui/runs?definition=order-processing")
    await settled(page)
    before = await page.get_by_role("table").get_attribute("aria-rowcount")
    run_id = await ui_server.send_order(RECORD, faulty)
    await expect(page.get_by_role("table")).to_have_attribute(
        "aria-rowcount", str(int(before or 0) + 1), timeout=LIVE_MS * 5
    )
    await picture(page, "1-live-list")

    await page.get_by_role("table").locator("[data-index='0']").get_by_role("link").first.click()
    await settled(page)
    assert run_id in page.url
    await expect(page.locator("main header")).to_contain_text("completed")
    for step, tone in (("Check Validation", "good"), ("Reject", "good"), ("Fulfill", "none")):
        await expect(status_of_node(page, step)).to_have_class(re.compile(rf"tone-{tone}"))
    await picture(page, "2-graph")

    await status_of_node(page, "Check Validation").click()
    pane = page.get_by_role("complementary").filter(has_text="Why this decision?")
    await expect(pane).to_contain_text("steps.validate.output.isValid eq true")
    await expect(pane).to_contain_text("no, it is false")
    await picture(page, "3-reason")
    await rerun_with_a_mended_order(page, run_id)
    await compare(page, run_id)
    await as_of_before_the_decision(page, ui_server, seeded.orders[REJECTED])


async def rerun_with_a_mended_order(page: Page, run_id: str) -> None:
    """Run the order again from its first step, with the faulty part of the input changed."""
    good = next(orders(1))
    await page.get_by_role("button", name="Rerun…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("From").fill("validate")
    patch = {"data": {"items": good["items"], "totalCents": good["totalCents"]}}
    await dialog.get_by_label("Change of the input").fill(str(patch).replace("'", '"'))
    await dialog.get_by_role("button", name="Preview").click()
    await expect(dialog).to_contain_text("Would run: validate")
    await picture(page, "4-rerun")
    await dialog.get_by_role("button", name="Start the rerun").click()
    await expect(page).not_to_have_url(re.compile(run_id))
    await expect(page.locator("main header")).to_contain_text("completed")
    await expect(status_of_node(page, "Fulfill")).to_have_class(re.compile("tone-good"))
    await picture(page, "5-rerun-fulfilled")


async def compare(page: Page, run_id: str) -> None:
    """Compare the rerun, which the page shows, with its source."""
    rerun_id = page.url.rpartition("/")[2].partition("?")[0]
    await page.goto(f"/ui/compare/{run_id}/{rerun_id}")
    await settled(page)
    await expect(page.locator("main")).to_contain_text("First difference")
    await expect(page.locator("main")).to_contain_text("isValid")
    await picture(page, "6-compare")


async def as_of_before_the_decision(page: Page, server: UiServer, run_id: str) -> None:
    events = (await server.get(f"/runs/{run_id}/events"))["events"]
    decided = next(at for at, one in enumerate(events) if one["type"] == "run.DecisionTaken")
    await page.goto(f"/ui/runs/{run_id}?asOf={events[decided - 1]['position']}")
    await settled(page)
    await expect(status_of_node(page, "Validate Order")).to_have_class(re.compile("tone-good"))
    await expect(status_of_node(page, "Reject")).to_have_class(re.compile("tone-none"))
    await expect(page.get_by_role("button", name="Rerun…")).to_have_count(0)
    await picture(page, "7-as-of")
