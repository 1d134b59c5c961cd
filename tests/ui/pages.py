"""The pages of the UI with their data, and helpers that wait until a page is complete."""

from typing import Final

from playwright.async_api import Page, expect

from tests.ui.big_data import HOSTILE_RUN, LONG_RUN, WIDE_RUN
from tests.ui.seed import Seeded

PAGES: Final = {
    "overview": "/",
    "runs": "/runs",
    "run": "/runs/{fulfilled}",
    "run-timeline": "/runs/{fulfilled}?tab=timeline",
    "run-events": "/runs/{fulfilled}?tab=events",
    "run-hostile": f"/runs/{HOSTILE_RUN}",
    "run-hostile-input": f"/runs/{HOSTILE_RUN}?tab=input",
    "run-wide": f"/runs/{WIDE_RUN}",
    "run-long": f"/runs/{LONG_RUN}?tab=events",
    "compare": "/compare/{fulfilled}/{rejected}",
    "bulks": "/bulk",
    "bulk": "/bulk/{bulk}",
    "definitions": "/definitions",
    "definition": "/definitions/{definition}",
    "definition-hostile": "/definitions/hostile",
    "test": "/definitions/{definition}/test",
    "schedules": "/schedules",
    "schedule": "/schedules/{schedule}",
    "records": "/records",
    "record": "/records/{record}",
    "stream": "/streams/run/{fulfilled}",
    "log": "/log",
    "dead-letters": "/dead-letters",
    "webhooks": "/webhooks",
    "webhook": "/webhooks/{webhook}",
    "audit": "/audit",
    "system": "/system",
}
"""Paths under /ui by name; words in braces are members of `Seeded`."""


def path_of(name: str, seeded: Seeded) -> str:
    """Return the path of a page by its name."""
    ids = {one: getattr(seeded, one) for one in dir(seeded) if not one.startswith("_")}
    return f"/ui{PAGES[name].format(**ids)}"


async def show(page: Page, name: str, seeded: Seeded) -> None:
    """Open a page by its name and wait until it is complete."""
    await page.goto(path_of(name, seeded))
    await settled(page)


async def settled(page: Page) -> None:
    """Wait until a page has its title and no part of it is still loading."""
    await expect(page.locator("main h1")).to_have_count(1)
    await expect(page.locator("[aria-busy=true], .loading")).to_have_count(0)


async def go(page: Page, path: str) -> None:
    """Show another page as a link does, without loading the UI again."""
    await page.evaluate(
        """path => {
          history.pushState(null, '', path);
          dispatchEvent(new PopStateEvent('popstate'));
        }""",
        path,
    )
    await settled(page)
