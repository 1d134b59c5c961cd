"""The overview: counts, failures, and the first steps of a tenant without runs."""

from playwright.async_api import Page, expect

from tests.ui.seed import Seeded
from tests.ui.server import UiServer


async def test_the_overview_counts_runs_and_leads_to_them(
    page: Page, ui_server: UiServer, seeded: Seeded
) -> None:
    await page.goto("/ui/")

    failed = (await ui_server.get("/stats"))["runs"]["failed"]
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="failed"))
    await expect(row.get_by_role("cell")).to_have_text(f"{failed:,}")
    await expect(page.get_by_role("rowheader", name="Projector (views)")).to_be_visible()
    await expect(page.get_by_role("link", name="tick of nightly")).to_be_visible()
    await expect(page.get_by_role("heading", name="First steps")).to_have_count(0)
    await row.get_by_role("link", name="failed").click()
    await expect(page.locator(f"a[title='{seeded.failed}']")).to_be_visible()
    await expect(page.get_by_role("button", name="Status: failed")).to_be_visible()


async def test_a_tenant_without_runs_is_shown_the_first_steps(page: Page) -> None:
    async def answer_nothing(route: object) -> None:
        counts = {"runs": {"running": 0, "failed": 0}, "definitions": 0, "window": []}
        await route.fulfill(json=counts)  # type: ignore[attr-defined]

    await page.route("**/stats?*", answer_nothing)
    await page.goto("/ui/")

    steps = page.get_by_role("list").filter(has_text="Write a definition")
    await expect(steps).to_contain_text("baton definitions apply orders.yaml")
    await expect(steps).to_contain_text("curl -s http://127.0.0.1:")
    await expect(page.get_by_role("button", name="Copy the curl line")).to_be_visible()
