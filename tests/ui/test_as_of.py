"""With an earlier position, a page shows what the API answered then, and changes nothing."""

from playwright.async_api import Page, expect

from tests.ui.pages import settled
from tests.ui.seed import Seeded
from tests.ui.server import UiServer


async def position_before(server: UiServer, run_id: str, event: str) -> int:
    """Return the position of the event before the first one of a type, in the history of a run."""
    events = (await server.get(f"/runs/{run_id}/events"))["events"]
    index = next(at for at, one in enumerate(events) if one["type"] == event)
    return int(events[index - 1]["position"])


async def test_a_run_is_shown_as_it_was_before_its_decision(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    position = await position_before(ui_server, seeded.fulfilled, "run.DecisionTaken")
    then = await ui_server.get(f"/runs/{seeded.fulfilled}?asOf={position}")
    await page.goto(f"/ui/runs/{seeded.fulfilled}?asOf={position}")
    await settled(page)
    main = page.locator("main")

    assert then["status"] == "running"
    await expect(main).to_contain_text("running")
    await expect(main).not_to_contain_text("completed")
    await expect(page.get_by_role("region", name="As of")).to_contain_text("This is the past")
    await expect(page.get_by_label("position", exact=True)).to_have_value(str(position))
    await expect(main.get_by_role("button", name="Rerun")).to_have_count(0)
    await page.get_by_role("link", name="Runs", exact=True).click()
    await settled(page)
    assert f"asOf={position}" in page.url
    shown = await ui_server.get(f"/runs?asOf={position}")
    await expect(page.get_by_role("table")).to_have_attribute(
        "aria-rowcount", str(shown["total"] + 1)
    )
    await page.get_by_role("link", name="Overview", exact=True).click()
    await expect(main).to_contain_text("failed and not run again")
    await expect(main.get_by_role("alert")).to_have_count(0)
    await page.goto(f"/ui/definitions/{then['definitionId']}?asOf={position}&tab=explain")
    await expect(main).to_contain_text("By the events up to this position.")
    await expect(main.get_by_role("alert")).to_have_count(0)
