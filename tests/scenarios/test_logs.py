"""Logs of functions over HTTP: as text and NDJSON, in pages, and while the run is running."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from baton.command_api.own.logs import reader
from baton.command_api.own.logs.cursor import LogCursor, parse_cursor
from baton.role import RoleName
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import Document, compute, orchestration
from tests.kit.eventually import eventually
from tests.kit.stack import Response, running_roles
from tests.scenarios.functions import GATES
from tests.scenarios.stack import Stack, settings_for
from tests.scenarios.test_own_runs import until

NDJSON = {"Accept": "application/x-ndjson"}
WAIT = {"Prefer": "wait=20"}
CHAT = compute("chat", function="chat")
MURMUR = compute("murmur", function="murmur")
Line = tuple[str, int, str, str]


async def start(client: CentraliClient, *steps: Document, **given: Any) -> str:
    """Start a run of these steps and return its id."""
    made = await client.create(orchestration("logs", *steps))
    return str((await client.start(made["id"], {"input": given, "data": given}))["id"])


async def logs(stack: Stack, run_id: str, query: str = "", **headers: str) -> Response:
    found = await stack.get(f"/runs/{run_id}/logs{query}", headers={**NDJSON, **headers})
    assert found.status == 200, found.body
    assert found.headers["Content-Type"] == "application/x-ndjson"
    return found


def lines_of(answer: Response) -> list[Line]:
    """Return step, attempt, level and message of each line."""
    found = [orjson.loads(line) for line in answer.raw.splitlines()]
    return [(one["stepId"], one["attempt"], one["level"], one["message"]) for one in found]


@pytest.mark.operations("baton", "getRunLogs")
async def test_the_lines_of_a_run_are_shown_by_attempt(
    stack: Stack, openapi: CentraliClient
) -> None:
    retry = {"maxAttempts": 2, "backoffMs": 1}
    first = compute("first", function="chat", nextStepId="second", retry=retry)
    run_id = await start(openapi, first, compute("second", function="chat"), fails="first")
    await until(stack, run_id, "completed")
    both = [("info", "hello None"), ("warning", "two\nlines, and an escape \x1b[31m")]

    everything = await logs(stack, run_id)

    assert lines_of(everything) == [
        (step, attempt, *line)
        for step, attempt in (("first", 1), ("first", 2), ("second", 1))
        for line in both
    ]
    assert "Baton-Logs-After" not in everything.headers
    assert len(lines_of(await logs(stack, run_id, "?step=first"))) == 4
    assert {one[:2] for one in lines_of(await logs(stack, run_id, "?step=first&attempt=2"))} == {
        ("first", 2)
    }
    assert (await logs(stack, run_id, "?attempt=3")).raw == b""


async def test_an_artifact_of_the_tenant_holds_the_lines_of_an_attempt(
    stack: Stack, openapi: CentraliClient
) -> None:
    run_id = await start(openapi, CHAT)
    (step,) = (await until(stack, run_id, "completed"))["steps"]

    found = await stack.get(f"/artifacts/{step['logsRef']}")
    foreign = await stack.client("baton", "other").get(f"/artifacts/{step['logsRef']}")

    assert [one["level"] for one in found.body] == ["info", "warning"]
    assert foreign.status == 404


async def test_an_attempt_that_logs_nothing_names_no_logs(
    stack: Stack, openapi: CentraliClient
) -> None:
    run_id = await start(openapi, compute(function="answer"))
    (step,) = (await until(stack, run_id, "completed"))["steps"]

    assert "logsRef" not in step
    assert (await logs(stack, run_id)).raw == b""


async def test_text_has_one_line_for_each_entry_and_no_control_characters(
    memory: Stack,
) -> None:
    run_id = await start(centrali_client(memory, "centrali-openapi"), CHAT)
    await until(memory, run_id, "completed")

    found = await memory.get(f"/runs/{run_id}/logs")
    first, second, rest = found.raw.decode().splitlines()

    assert found.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert first.split(" ", 1)[0].endswith("Z")
    assert first.split(" ", 1)[1] == "info     chat[1] hello None"
    assert second.split(" ", 1)[1] == "warning  chat[1] two"
    assert rest == "    lines, and an escape \\x1b[31m"


async def test_json_holds_the_lines_and_the_place_behind_them(memory: Stack) -> None:
    client = centrali_client(memory, "centrali-openapi")
    run_id = await start(client, CHAT)
    await until(memory, run_id, "completed")
    accept = {"Accept": "application/json"}

    ended = (await memory.get(f"/runs/{run_id}/logs", headers=accept)).body

    assert ended.keys() == {"lines"}
    assert ended["lines"][0].keys() == {"stepId", "visit", "attempt", "at", "level", "message"}
    running = await client.start((await client.create(orchestration("more", MURMUR)))["id"])
    path = f"/runs/{running['id']}/logs"
    going_on = (await memory.get(path, headers={**accept, **WAIT})).body
    assert [one["message"] for one in going_on["lines"]] == ["before"]
    assert going_on["after"]
    GATES[running["id"]].set()


async def test_lines_are_shown_while_their_attempt_runs_and_each_one_once(
    stack: Stack, openapi: CentraliClient
) -> None:
    run_id = await start(openapi, MURMUR)
    before = await logs(stack, run_id, **WAIT)
    assert lines_of(before) == [("murmur", 1, "info", "before")]

    after = before.headers["Baton-Logs-After"]
    following = asyncio.create_task(logs(stack, run_id, f"?after={after}", **WAIT))
    GATES[run_id].set()
    behind = await following

    seen = lines_of(behind)
    while "Baton-Logs-After" in behind.headers:
        after = behind.headers["Baton-Logs-After"]
        behind = await logs(stack, run_id, f"?after={after}", **WAIT)
        seen += lines_of(behind)
    assert seen == [("murmur", 1, "info", "behind")]


async def test_a_follower_of_a_cancelled_run_gets_its_last_lines(memory: Stack) -> None:
    run_id = await start(centrali_client(memory, "centrali-openapi"), MURMUR)
    before = await logs(memory, run_id, **WAIT)
    await memory.post(f"/runs/{run_id}/cancel", {})
    (step,) = (await until(memory, run_id, "cancelled"))["steps"]
    assert step["status"] == "cancelled"

    async def has_logs() -> bool:
        return "logsRef" in (await memory.get(f"/runs/{run_id}")).body["steps"][0]

    await eventually(has_logs)
    rest = await logs(memory, run_id, f"?after={before.headers['Baton-Logs-After']}")
    assert rest.raw == b""
    assert "Baton-Logs-After" not in rest.headers
    assert lines_of(await logs(memory, run_id)) == [("murmur", 1, "info", "before")]


async def test_many_lines_and_parallel_attempts_come_in_pages(
    memory: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAGE_BYTES", 100)
    monkeypatch.setattr(reader, "MAX_OPEN", 1)
    steps = [compute(f"s{n}", function="chat", nextStepId=f"s{n + 1}") for n in range(4)]
    run_id = await start(
        centrali_client(memory, "centrali-openapi"), *steps, compute("s4", function="chat")
    )
    await until(memory, run_id, "completed")

    page, seen, pages = await logs(memory, run_id), list[Line](), 1
    seen += lines_of(page)
    while after := page.headers.get("Baton-Logs-After"):
        page = await logs(memory, run_id, f"?after={after}")
        seen += lines_of(page)
        pages += 1

    assert [one[0] for one in seen] == [f"s{n}" for n in range(5) for _ in range(2)]
    assert pages == 5


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("?step=nowhere", 404, "nowhere"),
        ("?attempt=0", 400, "attempt"),
        ("?attempt=one", 400, "attempt"),
        ("?after=soon", 400, "after"),
        ("?after=1;2", 400, "after"),
        ("?step=a&step=b", 400, "step"),
    ],
)
async def test_an_impossible_request_for_logs_is_refused(
    memory: Stack, query: str, status: int, named: str
) -> None:
    run_id = await start(centrali_client(memory, "centrali-openapi"), CHAT)
    await until(memory, run_id, "completed")

    refused = await memory.get(f"/runs/{run_id}/logs{query}")

    assert refused.status == status
    assert named in str(refused.body)


async def test_another_tenants_run_has_no_logs(memory: Stack) -> None:
    run_id = await start(centrali_client(memory, "centrali-openapi"), CHAT)

    assert (await memory.client("baton", "other").get(f"/runs/{run_id}/logs")).status == 404


def test_a_cursor_is_read_as_it_is_written() -> None:
    cursor = LogCursor(base=120, open={17: 3, 25: 0})

    assert parse_cursor(str(cursor)) == cursor
    assert [cursor.lines_read(seq) for seq in (16, 17, 25, 121)] == [None, 3, 0, 0]


async def test_a_server_without_the_executor_shows_lines_when_the_attempt_has_ended(
    tmp_path: Path,
) -> None:
    settings = await settings_for(tmp_path, "postgres+kafka")
    servers: frozenset[RoleName] = frozenset(("api",))
    others: frozenset[RoleName] = frozenset(("executor", "projector", "scheduler"))
    async with (
        running_roles(settings, Stack, roles=others),
        running_roles(settings, Stack, roles=servers) as stack,
    ):
        run_id = await start(centrali_client(stack, "centrali-openapi"), MURMUR)
        await eventually(lambda: run_id in GATES, within_s=20)
        assert lines_of(await logs(stack, run_id)) == []
        GATES[run_id].set()
        shown = await logs(stack, run_id, **WAIT)

    assert lines_of(shown) == [("murmur", 1, "info", "before"), ("murmur", 1, "info", "behind")]
