"""Pictures of the pages, in two themes and two widths (`make ui-pictures`; CI keeps them)."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final, Literal, get_args

import pytest
from playwright.async_api import Page, expect

from tests.ui.conftest import NewPage
from tests.ui.pages import show
from tests.ui.seed import Seeded

Theme = Literal["light", "dark"]
FOLDER = os.environ.get("BATON_UI_PICTURES", "")
DOCS = os.environ.get("BATON_UI_DOCS", "")
"""The folder of the pictures that docs/ui.md shows: the wide ones of the light theme."""
SHOWN: Final = (
    "overview",
    "runs",
    "run",
    "run-timeline",
    "compare",
    "definition",
    "schedule",
    "system",
)
WIDTHS: Final = {"wide": 1_280, "narrow": 400}
HEIGHT: Final = 800
SMALLEST = 5_000
"""Bytes; a picture of an empty page has fewer."""
pytestmark = pytest.mark.skipif(not FOLDER, reason="make ui-pictures takes pictures")


async def take(page: Page, name: str, theme: Theme, seeded: Seeded) -> None:
    """Write the pictures of a page in every width."""
    for label, width in WIDTHS.items():
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        await show(page, name, seeded)
        await expect(page.locator(".live")).to_contain_text("live")
        path = Path(FOLDER) / f"{name}-{theme}-{label}.png"
        await page.screenshot(path=path, animations="disabled", caret="hide")
        assert path.stat().st_size > SMALLEST
        if DOCS and (theme, label) == ("light", "wide"):
            await asyncio.to_thread(shutil.copy, path, Path(DOCS) / f"{name}.png")


@pytest.mark.parametrize("theme", get_args(Theme))
async def test_pictures_are_taken(new_page: NewPage, theme: Theme, seeded: Seeded) -> None:
    for folder in filter(None, (FOLDER, DOCS)):
        await asyncio.to_thread(os.makedirs, folder, exist_ok=True)
    page = await new_page(color_scheme=theme)
    for name in SHOWN:
        await take(page, name, theme, seeded)
