"""Values and names near the limits of the API, full of hostile text: shown, copied, downloaded."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page, ViewportSize, expect

from baton.domain.definition.validation import MAX_NAME, MAX_STEPS
from baton.protocols.strict_json import MAX_BYTES
from tests.ui.accessibility import is_too_wide
from tests.ui.big_data import HOSTILE, HOSTILE_NAME
from tests.ui.conftest import GATED, SIZE, Figure, NewPage
from tests.ui.pages import go, settled
from tests.ui.server import UiServer

LONG_TASK_MS: Final = 200
LONG_TASKS: Final = """globalThis.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((one) => one.duration)))
  .observe({ type: 'longtask', buffered: true });"""
CONTROLS: Final = "".join(map(chr, [*range(1, 32), 0x7F, 0x85, 0x2028, 0x2029, 0xFEFF]))
UNCLOSED: Final = "\u202e\u2067 all that follows would run backwards"
EXACT: Final = [2**53 + 1, -(2**63), 2**63 - 1, 0.1, 1e-7, True, None]
OPEN_ALL: Final = """async (tree) => {
  for (let closed; (closed = [...tree.querySelectorAll('details:not([open])')]).length > 0;) {
    for (const one of closed) one.open = true;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
}"""
PARROT: Final = {"id": "say", "function": "parrot"}
NARROW: Final[ViewportSize] = {"width": 400, "height": 800}


def payload() -> dict[str, Any]:
    """Return a value whose JSON nearly has the greatest size that a request may have."""
    deep: Any = {"end": HOSTILE}
    for number in range(50):
        deep = {f"{number} {HOSTILE}": deep} if number % 2 else [deep]
    value = {
        "wide": list(range(30_000)),
        "rows": [{"number": number, HOSTILE: HOSTILE} for number in range(300)],
        "deep": deep,
        "controls": {CONTROLS: CONTROLS, UNCLOSED: UNCLOSED},
        "k" * 20_000: "a long key",
        "one line": HOSTILE * 500,
        "exact": EXACT,
        "__proto__": {"constructor": {"hacked": 5}},
    }
    room = MAX_BYTES - len(json.dumps(value)) - 100
    return {**value, "long": "x" * room}


async def quick(page: Page, figure: Figure, what: str) -> None:
    """Take the long tasks since the last call; where times are measured, fail for a slow one."""
    longest: float = await page.evaluate("() => Math.max(0, ...longTasks.splice(0))")
    figure(f"{what}: longest task {longest:.0f} ms")
    if GATED:
        assert longest <= LONG_TASK_MS, what


async def fits(page: Page) -> None:
    """Check that nothing is wider than the window, usual and narrow, and that nothing was run."""
    for size in (NARROW, SIZE):
        await page.set_viewport_size(size)
        assert await is_too_wide(page) == ""
    assert await page.evaluate("() => [globalThis.hacked, {}.hacked].join('')") == ""


async def copied(page: Page, button: str) -> Any:
    await page.get_by_role("button", name=button, exact=True).click()
    return json.loads(await page.evaluate("() => navigator.clipboard.readText()"))


async def downloaded(page: Page, button: str) -> Any:
    async with page.expect_download() as download:
        await page.get_by_role("button", name=button, exact=True).click()
    file = Path(await (await download.value).path())
    return json.loads(await asyncio.to_thread(file.read_bytes))


async def test_a_payload_of_a_mebibyte_is_shown_and_given_away_unchanged(
    new_page: NewPage, ui_server: UiServer, figure: Figure
) -> None:
    sent = payload()
    await ui_server.apply({"slug": "parrot", "name": "Parrot", "steps": [PARROT]})
    run = await ui_server.start("parrot", sent)
    output = (await ui_server.ended(run))["output"]
    page = await new_page(permissions=["clipboard-read", "clipboard-write"])
    await page.add_init_script(LONG_TASKS)
    await page.goto(f"/ui/runs/{run}?tab=input")
    await settled(page)
    tree = page.get_by_role("group", name="input", exact=True)
    await quick(page, figure, "input and output of 1 MiB")

    assert output == sent
    assert await copied(page, "Copy the input") == sent
    assert await downloaded(page, "Download the output") == sent
    await expect(tree).to_contain_text(f"{2**53 + 1}")
    await page.evaluate("() => longTasks.splice(0)")
    await tree.get_by_role("button", name=re.compile("more of .* characters")).last.click()
    await quick(page, figure, "more of a long text")
    await tree.evaluate(OPEN_ALL)
    await quick(page, figure, "all members, 50 levels deep")
    await fits(page)
    await tree.get_by_role("searchbox").fill("hacked")
    await quick(page, figure, "a search in 1 MiB")
    await fits(page)
    await tree.get_by_role("searchbox").fill("")
    await tree.get_by_role("button", name="Raw").click()
    await expect(tree.locator("pre")).to_be_visible()
    await quick(page, figure, "the raw text of 1 MiB")
    await fits(page)


async def test_events_and_steps_with_a_mebibyte_are_shown_and_copied(
    new_page: NewPage, ui_server: UiServer, figure: Figure
) -> None:
    sent = payload()
    await ui_server.apply({"slug": "parrot", "name": "Parrot", "steps": [PARROT]})
    run = await ui_server.start("parrot", sent)
    await ui_server.ended(run)
    events = (await ui_server.get(f"/runs/{run}/events"))["events"]
    page = await new_page(permissions=["clipboard-read", "clipboard-write"])
    await page.add_init_script(LONG_TASKS)
    await page.goto(f"/ui/runs/{run}?tab=events&event={events[0]['position']}")
    await settled(page)
    await expect(page.locator("aside.pane")).to_contain_text("RunRequested")
    await quick(page, figure, "the events of 1 MiB")
    await fits(page)

    await page.goto(f"/ui/runs/{run}?step={run}.say.1.1")
    await expect(page.get_by_role("group", name="output", exact=True)).to_be_visible()
    await quick(page, figure, "a step with 1 MiB")
    await fits(page)
    assert await copied(page, "Copy the output") == sent


async def test_a_thousand_steps_with_the_longest_names_are_shown(
    page: Page, ui_server: UiServer, figure: Figure
) -> None:
    name = (HOSTILE_NAME * 2)[:MAX_NAME]
    steps = [
        {"id": f"{number:x>64}", "name": f"{number} {name}"[:MAX_NAME], "function": "noop"}
        for number in range(MAX_STEPS)
    ]
    slug = "longest-names".ljust(63, "x")
    await ui_server.apply({"slug": slug, "name": name, "description": HOSTILE, "steps": steps})
    run = await ui_server.start(slug)
    await page.add_init_script(LONG_TASKS)
    await page.goto("/ui/runs")
    await settled(page)
    await fits(page)
    for path in (f"/definitions/{slug}", f"/definitions/{slug}?tab=steps", f"/runs/{run}"):
        await go(page, f"/ui{path}")
        if "tab" not in path:
            await expect(page.locator(".graph-node")).to_have_count(MAX_STEPS)
        await quick(page, figure, f"1,000 longest names, {path.replace(slug, '…')}")
        await fits(page)
