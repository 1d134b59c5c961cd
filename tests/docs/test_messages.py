"""The page about messages: its examples are valid, and its worker performs tasks."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from baton.domain.run.outcome import Failed, Succeeded
from baton.eventlog.clock import SystemClock
from baton.executor.functions.call import Call
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.functions.registry import Registry
from baton.executor.workers.messages import decode_answer, decode_task, encode_task
from baton.executor.workers.remote_workers import RemoteWorkers, queue_function
from tests.cli.processes import environment
from tests.conformance.deployments import topic_openers
from tests.docs.pages import ROOT
from tests.executor.calls import a_call
from tests.servers.kafka import server_url, topic_prefix_for

PAGE = (ROOT / "docs" / "messages.md").read_text()
WAIT_S = 60


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_task_on_the_page_is_valid() -> None:
    shown = json.loads(blocks("json")[0])

    call, attempt = decode_task(blocks("json")[0].encode())

    task = encode_task(call.function, call, token=attempt.token)
    assert json.loads(task.value or b"") == shown
    assert call.idempotency_key == shown["idempotencyKey"]


def test_the_results_on_the_page_are_valid() -> None:
    success, failure, logged, beat = [decode_answer(block.encode()) for block in blocks("json")[1:]]

    assert success.outcome == Succeeded(output={"bytes": 4711}, context={"thumbnail": "https://…"})
    assert isinstance(failure.outcome, Failed)
    assert (failure.outcome.error.code, failure.outcome.retryable) == ("NO_IMAGE", False)
    assert isinstance(logged.logs, list)
    assert logged.logs[0]["message"] == "4 megapixels"
    assert (beat.type, beat.progress) == ("heartbeat", {"percent": 40})


async def test_the_worker_on_the_page_performs_tasks(tmp_path: Path) -> None:
    async with asking(tmp_path) as functions, a_plain_worker(tmp_path):
        good = functions.call(thumbnail({"width": 120}))
        bad = functions.call(thumbnail({}))
        found = await asyncio.wait_for(asyncio.gather(good, bad), WAIT_S)

    assert found[0] == Succeeded(output={"width": 120})
    assert isinstance(found[1], Failed)
    assert (found[1].error.code, found[1].retryable) == ("KeyError", True)


def thumbnail(config: dict[str, Any]) -> Call:
    name = f"{len(config):020d}"
    deadline_at = SystemClock().now() + 3_600_000
    return a_call("thumbnail", run_id=name, config=config, deadline_at=deadline_at)


@asynccontextmanager
async def asking(folder: Path) -> AsyncIterator[RegisteredFunctions]:
    stores = await topic_openers()["kafka"](folder)
    assert stores.topics is not None
    clock = SystemClock()
    registry = Registry()
    registry.add(queue_function("thumbnail", "images"))
    remote = RemoteWorkers(stores.topics, prefix=topic_prefix_for(folder), clock=clock)
    functions = RegisteredFunctions(registry, clock=clock, remote=remote)
    try:
        yield functions
    finally:
        await functions.close()
        await stores.close()


@asynccontextmanager
async def a_plain_worker(folder: Path) -> AsyncIterator[None]:
    (code,) = [block for block in blocks("python") if block.startswith("# plain_worker.py")]
    (folder / "plain_worker.py").write_text(code)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "plain_worker.py", "images", topic_prefix_for(folder)),
        cwd=folder,
        env=environment({"KAFKA": server_url().removeprefix("kafka://")}),
    )
    try:
        yield
    finally:
        assert process.returncode is None, "it ended on its own"
        process.kill()
        await process.wait()
