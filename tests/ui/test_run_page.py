"""The page of a run, and the comparison of runs."""

import re

from playwright.async_api import Page, Response, expect

from tests.ui.big_data import LONG_RUN, WIDE_RUN
from tests.ui.guard import Guard
from tests.ui.seed import Seeded
from tests.ui.server import UiServer

FIRST_PAINT_BYTES = 150_000
MOST_ROWS = 80


async def test_a_graph_shows_the_path_of_a_run_and_its_reasons(page: Page, seeded: Seeded) -> None:
    await page.goto(f"/ui/runs/{seeded.fulfilled}")

    steps = page.get_by_role("tree", name="Steps")
    await expect(steps.get_by_role("treeitem")).to_have_count(4)
    await expect(page.locator(".graph-node.tone-good")).to_have_count(3)
    await expect(page.locator(".graph-edge.is-taken")).to_have_count(2)
    condition = "steps.validate.output.isValid eq true"
    edge = page.locator(".graph-edge").filter(has_text="isValid = true")
    await expect(edge.locator("title")).to_have_text(condition)
    fulfill = steps.get_by_role("treeitem", name="Fulfill Order")
    await expect(fulfill).to_contain_text(f"after check-result: {condition}")
    await fulfill.click()
    pane = page.locator("aside.pane")
    await expect(pane).to_contain_text("Why here? check-result chose this step")
    await expect(pane).to_contain_text("steps.validate.output.isValid eq true yes, it is true")
    await expect(pane).to_contain_text(f"ord_{1001}")
    await steps.get_by_role("treeitem", name="Reject Order").click()
    await expect(pane).to_contain_text("The run ended without this step.")
    await expect(pane).to_contain_text("check-result (else)")
    await expect(page.locator(".run-head a[href*='/ui/records/']")).to_have_text(
        re.compile("record.created orders 1001")
    )


async def test_a_run_that_does_not_exist_is_named_and_refused_once(
    page: Page, guard: Guard
) -> None:
    guard.allow("404")
    await page.goto("/ui/runs/none")

    await expect(page.get_by_role("heading", name="Run none")).to_be_visible()
    await expect(page.get_by_text("Run not found")).to_have_count(1)


async def test_a_long_run_is_painted_from_a_part_of_it(page: Page) -> None:
    answers: list[Response] = []
    page.on("response", lambda one: answers.append(one) if "/ui/" not in one.url else None)
    await page.goto(f"/ui/runs/{LONG_RUN}?tab=timeline")

    table = page.get_by_role("table", name="Timeline")
    await expect(table.get_by_role("row").nth(20)).to_be_visible()
    first = [one for one in answers if "offset=0" in one.url or "fields=" in one.url]
    size = sum([len(await one.body()) for one in first])
    assert 0 < size <= FIRST_PAINT_BYTES
    await expect(page.locator(".tools-count")).to_have_text(re.compile("^6,593 rows$"))
    await table.evaluate("box => { box.scrollTop = box.scrollHeight }")
    await expect(table.locator("[aria-rowindex='6594']")).to_be_visible()
    assert await table.get_by_role("row").count() <= MOST_ROWS
    await page.get_by_role("tab", name="Events").click()
    await expect(page.locator(".tools-count")).to_have_text(re.compile(r"^\d+,\d+ events$"))
    assert await page.get_by_role("table", name="Events").get_by_role("row").count() <= MOST_ROWS


async def test_many_alike_steps_are_one_node_until_it_is_opened(page: Page) -> None:
    await page.goto(f"/ui/runs/{WIDE_RUN}")

    nodes = page.locator(".graph-node")
    await expect(nodes).to_have_count(25)
    await nodes.first.click()
    await expect(nodes).to_have_count(24 + 40)
    await page.get_by_role("button", name="Collapse groups").click()
    await expect(nodes).to_have_count(25)


async def test_a_rerun_is_previewed_and_started_from_a_step(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    await page.goto(f"/ui/runs/{seeded.rejected}?step={seeded.rejected}.reject.1.1")

    await page.get_by_role("button", name="Rerun from here…").click()
    dialog = page.get_by_role("dialog", name="Rerun")
    await expect(dialog.get_by_label("From")).to_have_value("reject")
    await expect(dialog.get_by_label("Visit of the step")).to_have_value("1")
    await dialog.get_by_label("Change of the input").fill('{"data": {"email": ')
    await dialog.get_by_role("button", name="Preview").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("inputPatch isn’t JSON")
    await dialog.get_by_label("Change of the input").fill('{"data": {"email": "new@example.com"}}')
    await dialog.get_by_role("button", name="Preview").click()
    await expect(dialog).to_contain_text("Would run: reject.")
    await dialog.get_by_role("button", name="Start the rerun").click()
    await expect(page.locator(".run-head")).to_contain_text(f"as a rerun of {seeded.rejected}")
    started = page.url.split("/runs/")[1].partition("?")[0]
    run = await ui_server.ended(started)
    assert run["input"]["data"]["email"] == "new@example.com"


async def test_a_run_is_paused_and_resumed_and_followed_until_it_is_cancelled(
    page: Page, ui_server: UiServer
) -> None:
    run = await ui_server.start("patient")
    await ui_server.ended(run, "running")
    await page.goto(f"/ui/runs/{run}?tab=explain")

    await page.get_by_role("button", name="Pause…").click()
    await page.get_by_role("dialog").get_by_label("Reason").fill("lunch")
    await page.get_by_role("button", name="Pause the run").click()
    await expect(page.locator(".run-head")).to_contain_text("lunch")
    await page.get_by_role("button", name="Resume…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("RunResumed")
    await page.get_by_role("button", name="Resume the run").click()
    await expect(page.locator(".run-head .status")).to_have_text(re.compile("running"))
    await ui_server.post(f"/runs/{run}/cancel", {"reason": "closing time"})
    await expect(page.locator(".run-head")).to_contain_text("closing time")
    await expect(page.get_by_role("list", name="Reasons")).to_contain_text("FINISHED")


async def test_a_run_shows_the_past_and_offers_nothing_there(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    events = (await ui_server.get(f"/runs/{seeded.fulfilled}/events"))["events"]
    await page.goto(f"/ui/runs/{seeded.fulfilled}?asOf={events[3]['position']}&tab=timeline")

    await expect(page.locator(".run-head .status")).to_have_text(re.compile("running"))
    await expect(page.get_by_role("table", name="Timeline").get_by_role("row")).to_have_count(2)
    await expect(page.get_by_role("button", name="Rerun…")).to_have_count(0)
    await page.get_by_role("tab", name="Audit").click()
    await expect(page.get_by_role("table", name="Audited events").get_by_role("row")).to_have_count(
        5
    )
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download the proof").click()
    assert (await download.value).suggested_filename == f"{seeded.fulfilled}.proof.json"


async def test_runs_are_compared(page: Page, seeded: Seeded) -> None:
    await page.goto(f"/ui/compare/{seeded.fulfilled}/{seeded.rejected}")

    steps = page.get_by_role("table", name="Steps side by side")
    await expect(steps.locator(".is-different")).to_have_count(2)
    await expect(page.locator("main")).to_contain_text("validate: output")
    await page.goto(f"/ui/compare/{seeded.fulfilled}/{seeded.fulfilled}")
    await expect(steps.get_by_role("row")).to_have_count(4)
    await expect(page.locator("main")).to_contain_text("One run at two positions")
