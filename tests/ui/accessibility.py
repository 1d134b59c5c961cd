"""Checks pages by the rules of axe, and that nothing is wider than the page or its table."""

from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

STANDARDS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL_RULES: Final[dict[str, Any]] = {
    "runOnly": {"type": "tag", "values": STANDARDS},
    "rules": {"target-size": {"enabled": True}},
}
CONTRAST: Final[dict[str, Any]] = {"runOnly": ["color-contrast"]}


async def violations(page: Page, options: dict[str, Any] = ALL_RULES) -> list[str]:
    """Return what axe finds: a line for each element that breaks a rule."""
    found = await Axe().run(page, options={**options, "resultTypes": ["violations"]})
    return [
        f"{one['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


async def is_too_wide(page: Page) -> str:
    """Return the elements that make the page wider than its window, an empty text if it fits."""
    found: str = await page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          const isClipped = ({ parentElement: outer }) => outer !== document.body
            && (getComputedStyle(outer).overflowX !== 'visible' || isClipped(outer));
          if (document.documentElement.scrollWidth <= width) return '';
          const wide = [...document.querySelectorAll('body *')]
            .filter((one) => one.getBoundingClientRect().right > width + 1 && !isClipped(one));
          return wide.slice(0, 5).map((one) => one.outerHTML.slice(0, 120)).join('\\n');
        }"""
    )
    return found


async def tables_too_wide(page: Page) -> list[str]:
    """Return the names of the lists whose rows are wider than their box."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('[role=table]')]
          .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
          .map((table) => table.ariaLabel)"""
    )
    return found
