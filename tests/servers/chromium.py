"""The system's Chromium, which Playwright drives."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.servers.availability import skip_or_fail

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str:
    """Return the path of a browser that Playwright can drive; skip the running test without one."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or skip_or_fail("browser", f"{', '.join(NAMES)} in PATH")


@asynccontextmanager
async def running_chromium(*more: str) -> AsyncIterator[Browser]:
    """Run a browser until the block ends; `more` are further options of its command line."""
    path = chromium_path()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=["--no-sandbox", *more])
        try:
            yield browser
        finally:
            await browser.close()
