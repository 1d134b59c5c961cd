"""The guard reports errors of pages and requests to other servers."""

from playwright.async_api import Browser, Route

from tests.ui.guard import Guard

ORIGIN = "http://127.0.0.1:1"
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; connect-src *;"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
FAULTS = {
    "console.warn('careful')": "warning: careful",
    "setTimeout(() => { throw new Error('lost') })": "uncaught: lost",
    "try { document.body.innerHTML = '<b>x</b>' } catch {}": "TrustedHTML",
    "document.body.setAttribute('style', 'color: red')": "Content Security Policy",
    "await fetch('http://127.0.0.1:2/x').catch(() => null)": "",
}


async def answer(route: Route) -> None:
    await route.fulfill(
        body="<html><body></body></html>",
        headers={"Content-Security-Policy": POLICY, "Access-Control-Allow-Origin": "*"},
        content_type="text/html",
    )


async def test_complaints_of_a_page_and_requests_to_other_servers_are_found(
    browser: Browser,
) -> None:
    guard = Guard(ORIGIN)
    context = await browser.new_context()
    guard.watch(context)
    await context.route("**", answer)
    page = await context.new_page()
    await page.goto(ORIGIN)
    guard.check()
    for script in FAULTS:
        await page.evaluate(f"async () => {{ {script} }}")
        await page.evaluate("() => new Promise(done => setTimeout(done))")
    await context.close()

    expected = [complaint for complaint in FAULTS.values() if complaint]
    assert len(guard.unexpected) == len(expected), guard.unexpected
    for complaint in expected:
        guard.allow(complaint)
    assert guard.unexpected == []
    assert guard.foreign == ["http://127.0.0.1:2/x"]
