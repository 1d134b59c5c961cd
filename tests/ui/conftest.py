"""Fixtures: one server, one browser and one sign-in for all tests of a process.

Each test has a browser context of its own, and fails if a page of it complains or asks another
server for anything.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, StorageState, ViewportSize, expect

from tests.servers.chromium import running_chromium
from tests.ui.guard import Guard
from tests.ui.seed import Seeded, before_start, seed
from tests.ui.server import UiServer, ui_server_in

PATIENCE_MS = 15_000
GATED: Final = bool(os.environ.get("BATON_UI_BUDGETS"))
"""Whether the machine is quiet, so that budgets of time hold (`make ui-budgets`)."""
SIZE: Final[ViewportSize] = {"width": 1_280, "height": 800}
NewPage = Callable[..., Awaitable[Page]]
Figure = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests with the shared browser or server in one event loop, which both need."""
    in_session = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        used = {"browser", "ui_server"} & set(getattr(item, "fixturenames", ()))
        if used and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(in_session, append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests have measured."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
    figures = [
        value for report in reports for name, value in report.user_properties if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for figure in figures:
            terminalreporter.line(str(figure))


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """A function that keeps a sentence with measured values for the end of the test run."""
    return lambda sentence: request.node.user_properties.append(("figure", sentence))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ui_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[UiServer]:
    """A `baton dev` with what `seeded` describes, shared by all tests of a process."""
    folder = tmp_path_factory.mktemp("ui")
    await before_start(folder)
    async with ui_server_in(folder) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def seeded(ui_server: UiServer) -> Seeded:
    """Ids of the demo's orders, and of one of everything else that pages show."""
    return await seed(ui_server)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with running_chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def signed_in(browser: Browser, ui_server: UiServer, seeded: Seeded) -> StorageState:
    """The cookie and the local storage of a browser that opened the printed link."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(ui_server.link)
    await page.get_by_role("navigation").wait_for()
    state = await context.storage_state()
    await context.close()
    return state


@pytest.fixture
def guard(ui_server: UiServer) -> Guard:
    """The complaints of the test's pages; `guard.allow(pattern)` expects one."""
    return Guard(ui_server.url)


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(
    browser: Browser, ui_server: UiServer, signed_in: StorageState, guard: Guard
) -> AsyncIterator[NewPage]:
    """A function that opens a page in a new context; its arguments are those of `new_context`."""
    contexts = []

    async def opened(**options: Any) -> Page:
        chosen = {"storage_state": signed_in, "viewport": SIZE, "base_url": ui_server.url}
        context = await browser.new_context(**{**chosen, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        guard.watch(context)
        return await context.new_page()

    yield opened
    for context in contexts:
        await context.close()
    guard.check()


@pytest_asyncio.fixture(loop_scope="session")
async def page(new_page: NewPage) -> Page:
    """A page of a signed-in browser; `await page.goto("/ui/runs")` opens one of the UI."""
    return await new_page()
