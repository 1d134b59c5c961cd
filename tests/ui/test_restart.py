"""Through a kill -9 of the server, the open log of a page misses no event and shows none twice."""

from pathlib import Path

from playwright.async_api import Browser, Page

from baton.demo.orders import orders
from tests.kit.eventually import eventually
from tests.servers.availability import unused_port
from tests.ui.guard import Guard
from tests.ui.pages import settled
from tests.ui.server import ORDERS, UiServer, ui_server_in

EACH = 6
QUERY = "type=run.RunRequested&type=run.RunCompleted"
AWAY = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET"
SHOWN = """() => [...document.querySelectorAll('[role=table] [data-index]')]
  .map((row) => Number(row.querySelector('[role=cell]').textContent))"""
WITHIN_S = 20


async def send_orders(server: UiServer, first: int) -> None:
    for number, order in enumerate(orders(EACH), first):
        await server.ended(await server.send_order(str(number), order))


async def positions(server: UiServer) -> list[int]:
    events = (await server.get(f"/log?limit=500&{QUERY}"))["events"]
    return [int(one["position"]) for one in events]


async def until_all_are_shown(page: Page, server: UiServer) -> None:
    """Wait until the page shows as many events as the log has, and compare them."""
    expected = await positions(server)

    async def shown() -> list[int]:
        found: list[int] = await page.evaluate(SHOWN)
        return found if len(found) >= len(expected) else []

    assert sorted(await eventually(shown, within_s=WITHIN_S)) == expected


async def test_an_open_log_continues_after_kill_9(browser: Browser, tmp_path: Path) -> None:
    port = unused_port()
    context = await browser.new_context()
    page = await context.new_page()
    async with ui_server_in(tmp_path, "--port", port) as server:
        guard = Guard(server.url)
        guard.allow(AWAY)
        guard.watch(context)
        await server.apply(ORDERS)
        await page.goto(server.link)
        await settled(page)
        await page.goto(f"{server.url}/ui/log?{QUERY}")
        await settled(page)
        await send_orders(server, 1_001)
        await until_all_are_shown(page, server)
    async with ui_server_in(tmp_path, "--port", port) as server:
        await send_orders(server, 2_001)
        await until_all_are_shown(page, server)
        assert len(await positions(server)) == 4 * EACH
    await context.close()
    guard.check()
