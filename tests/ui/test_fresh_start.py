"""The link that a new installation prints signs in once, and no page can leak its token."""

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
        self.responses: list[Response] = []
        self.texts: list[str] = []
        context.on("response", self._on_response)

    def _on_response(self, response: Response) -> None:
        self.responses.append(response)

    async def look(self, page: Page) -> None:
        """Keep the page, its storage, and the responses since the last look."""
        self.texts.append(await page.evaluate(EVERYTHING))
        responses, self.responses = self.responses, []
        for one in responses:
            self.texts += [one.url, str(await one.all_headers())]
            has_end = "/stream?" not in one.url
            if has_end and one.status in {200, 201}:
                self.texts.append((await one.body()).decode(errors="replace"))

    async def all(self) -> str:
        """Return everything that was kept, and the cookies that scripts can read."""
        state = await self.context.storage_state()
        kept = [one for one in state.get("cookies", ()) if one.get("name") != "baton_ui"]
        return "\n".join([*self.texts, str(kept), str(state.get("origins"))])


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
