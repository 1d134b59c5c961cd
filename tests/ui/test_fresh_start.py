"""The link that a new installation prints signs in once, and no page can leak its token."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Response, expect

from tests.ui.guard import Guard
from tests.ui.pages import settled
from tests.ui.server import UiServer, ui_server_in

EVERYTHING = """() => JSON.stringify([
  location.href, document.documentElement.outerHTML, document.cookie,
  {...localStorage}, {...sessionStorage}, history.state,
])"""
VISITED = ("/ui/", "/ui/runs", "/ui/definitions", "/ui/system")


class Leaks:
    """Everything that a browser was sent and keeps, for a search for secrets."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.responses: list[asyncio.Task[str]] = []
        self.texts: list[str] = []
        context.on("response", self._on_response)

    def _on_response(self, response: Response) -> None:
        """Begin to read a response: once the page is left, the browser forgets the body."""
        self.responses.append(asyncio.create_task(text_of(response)))

    async def look(self, page: Page) -> None:
        """Keep the page and its storage."""
        self.texts.append(await page.evaluate(EVERYTHING))

    async def all(self) -> str:
        """Return everything that was kept, all responses, and the cookies that scripts can read."""
        responses = await asyncio.gather(*self.responses)
        state = await self.context.storage_state()
        kept = [one for one in state.get("cookies", ()) if one.get("name") != "baton_ui"]
        return "\n".join([*self.texts, *responses, str(kept), str(state.get("origins"))])


async def text_of(response: Response) -> str:
    """Return the URL, the headers and the body, which a stream and a cancelled request lack."""
    head = f"{response.url}\n{await response.all_headers()}"
    if "/stream?" in response.url or response.status not in {200, 201}:
        return head
    await response.finished()
    if response.request.failure:
        return head
    return f"{head}\n{(await response.body()).decode(errors='replace')}"


async def open_link(context: BrowserContext, link: str) -> Page:
    page = await context.new_page()
    await page.goto(link)
    return page


async def test_the_printed_link_signs_in_once_and_no_secret_leaks(
    browser: Browser, tmp_path: Path
) -> None:
    async with ui_server_in(tmp_path) as server:
        guard = Guard(server.url)
        context = await browser.new_context()
        guard.watch(context)
        leaks = Leaks(context)
        page = await open_link(context, server.link)
        await settled(page)
        await expect(page.locator("main")).to_contain_text("definitions apply")
        await leaks.look(page)
        assert urlsplit(page.url).fragment == ""
        for path in VISITED:
            await page.goto(server.url + path)
            await settled(page)
            await leaks.look(page)
        everything = await leaks.all() + server.dev.log
        await context.close()
        guard.check()
        await check_reuse(browser, server)

    code = server.link.rpartition("=")[2]
    signature = server.dev.token.rpartition(".")[2]
    assert [one for one in (code, server.dev.token, signature) if one in everything] == []


async def check_reuse(browser: Browser, server: UiServer) -> None:
    """Fail unless the used link leads to the sign-in page with a reason, and a new one signs in."""
    context = await browser.new_context()
    page = await open_link(context, server.link)
    await expect(page.get_by_role("heading", name="Sign in to Baton")).to_be_visible()
    await expect(page.locator("body")).to_contain_text("used")
    await page.goto(await server.new_link())
    await expect(page.get_by_role("navigation")).to_be_visible()
    await context.close()
