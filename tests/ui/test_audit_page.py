"""The audit: a verification and its result, actions by filters, a proof as a file."""

import json

from playwright.async_api import Page, expect

from tests.ui.seed import Seeded
from tests.ui.server import UiServer


async def test_a_verification_is_started_and_its_result_is_shown(page: Page) -> None:
    await page.goto("/ui/audit?tab=verifications")
    await page.get_by_role("button", name="Verify the log").click()

    await expect(
        page.get_by_text("The log is unchanged since it was signed, up to position")
    ).to_be_visible()
    table = page.get_by_role("table", name="Verifications")
    await expect(table.get_by_text("verified").first).to_be_visible()


async def test_actions_are_filtered_by_the_address(page: Page, ui_server: UiServer) -> None:
    await page.goto("/ui/audit?action=bulk.BulkRequested")
    rows = page.get_by_role("table", name="Actions").get_by_role("row")
    await expect(rows.nth(1)).to_contain_text("bulk.BulkRequested")
    listed = await ui_server.get("/audit/log?action=bulk.BulkRequested")
    await expect(rows).to_have_count(len(listed["actions"]) + 1)
    await page.get_by_label("Subject").fill("ada")

    await expect(page.get_by_text("No action matches")).to_be_visible()
    await expect(page).to_have_url(
        f"{ui_server.url}/ui/audit?action=bulk.BulkRequested&subject=ada"
    )


async def test_a_proof_and_a_head_are_downloaded(page: Page, seeded: Seeded) -> None:
    await page.goto(f"/ui/audit?tab=proof&run={seeded.fulfilled}")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Download the proof").click()
    proof = json.loads((await (await saving.value).path()).read_bytes())
    assert proof["stream"] == f"demo/run/{seeded.fulfilled}"
    await page.get_by_role("tab", name="Tree heads").click()

    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Download it").click()
    assert (await (await saving.value).path()).read_text().startswith("baton\n")
