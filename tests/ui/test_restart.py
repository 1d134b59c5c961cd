"""Through a kill -9 of the server, an open page misses no event and shows none twice."""

from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from baton.demo.orders import orders
from tests.kit.eventually import eventually
from tests.servers.availability import unused_port
from tests.ui.guard import Guard
from tests.ui.pages import settled
from tests.ui.server import ORDERS, UiServer, ui_server_in

EACH = 6
COLLECT = """async () => {
  const app = document.querySelector('script[type=module]').src;
  const { subscribe } = await import(new URL('core/live.js', app).href);
  globalThis.seen = [];
  subscribe(['log'], ({ type, position }) => type === 'log' && seen.push(position));
}"""


async def send_orders(server: UiServer, first: int) -> None:
    for number, order in enumerate(orders(EACH), first):
        await server.ended(await server.send_order(str(number), order))


async def positions(server: UiServer, after: int) -> list[int]:
    page = await server.get(f"/log?after={after}&limit=500")
    return [one["position"] for one in page["events"]]


async def follow(page: Page, server: UiServer) -> int:
    """Show the list of runs and collect the events that its stream brings; return where from."""
    await page.goto(server.link)
    await settled(page)
    await page.goto(f"{server.url}/ui/runs")
    await settled(page)
    await page.evaluate(COLLECT)
    await expect(page.locator("body")).to_contain_text("live")
    head = (await server.get("/log?limit=1"))["position"]
    return int(head)


async def test_an_open_page_resumes_its_stream_after_kill_9(
    browser: Browser, tmp_path: Path
) -> None:
    port = unused_port()
    context = await browser.new_context()
    page = await context.new_page()
    async with ui_server_in(tmp_path, "--port", port) as server:
        guard = Guard(server.url)
        guard.allow("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE")
        guard.watch(context)
        await server.apply(ORDERS)
        begun = await follow(page, server)
        await send_orders(server, 1_001)
    async with ui_server_in(tmp_path, "--port", port) as server:
        await send_orders(server, 2_001)
        await expect(page.get_by_role("table")).to_have_attribute(
            "aria-rowcount", str(2 * EACH + 1)
        )
        expected = await positions(server, begun)

        async def seen() -> Any:
            found = await page.evaluate("() => seen")
            return found if len(found) >= len(expected) else None

        assert await eventually(seen) == expected
    await context.close()
    guard.check()
