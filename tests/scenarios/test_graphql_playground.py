"""The playground: its page, and a browser that follows an execution through it."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from baton.command_api.dialects.workflow_orchestration.graphql import playground
from tests.kit.stack import token
from tests.scenarios.graphql_seed import EXAMPLES
from tests.scenarios.stack import Stack
from tests.servers.chromium import running_chromium

ASSETS = {"": playground.PAGE, **{f"/{name}": one for name, one in playground.ASSETS.items()}}


@pytest.mark.operations("workflow-orchestration-graphql", "openPlayground", "getPlaygroundAsset")
async def test_the_page_needs_no_token_and_names_no_other_server(memory: Stack) -> None:
    for path, asset in ASSETS.items():
        answer = await memory.get(f"/graphql{path}", anonymous=True)

        assert (answer.status, answer.raw) == (200, asset.body)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert (
            re.findall(rb"https?://|//[a-z]+\.|<script>|style=|onclick=\"|innerHTML", answer.raw)
            == []
        )


async def write(page: Page, name: str, variables: str) -> None:
    await page.fill("#document", EXAMPLES[name].query)
    await page.fill("#variables", variables)
    await page.click("#run")


@pytest.mark.browser
async def test_a_browser_follows_an_execution_to_its_end(memory: Stack) -> None:
    """No request leaves the server, and the page breaks none of its own rules."""
    requested: list[str] = []
    complaints: list[str] = []
    async with running_chromium() as chromium:
        page = await chromium.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("websocket", lambda socket: requested.append(socket.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{memory.url}/graphql")
        await page.fill("#token", token())
        given = '{"name": "Held", "tasks": [{"name": "Wait", "function": "hold"}]}'
        await write(page, "CreateWorkflowDefinition", f'{{"input": {given}}}')
        await expect(page.locator("#results")).to_contain_text('"version": "1.0.0"')
        ident = await shown_id(page)
        await write(
            page, "StartWorkflowExecution", f'{{"input": {{"workflowDefinitionId": "{ident}"}}}}'
        )
        await expect(page.locator("#results")).to_contain_text("startWorkflowExecution")
        run_id = await shown_id(page)
        await write(page, "WorkflowExecutionUpdates", f'{{"id": "{run_id}"}}')
        await expect(page.locator("#results")).to_contain_text('"status": "RUNNING"')
        cancelling = "mutation($id: ID!) { cancelWorkflowExecution(id: $id) { id } }"
        await memory.post("/graphql", {"query": cancelling, "variables": {"id": run_id}})
        await expect(page.locator("#results")).to_contain_text('"status": "CANCELLED"')

    assert complaints == []
    assert {urlsplit(url).netloc for url in requested} == {f"127.0.0.1:{memory.port}"}
    assert {urlsplit(url).scheme for url in requested} == {"http", "ws"}


async def shown_id(page: Page) -> str:
    """Return the first id among the results."""
    found = re.search(r'"id": "([0-9a-v]{20})"', await page.locator("#results").inner_text())
    assert found is not None
    return found[1]
