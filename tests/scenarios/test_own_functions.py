"""The functions that executors know, in Baton's own API."""

import pytest

from baton.domain.ids import function_uuid
from tests.scenarios.stack import Stack


@pytest.mark.operations("baton", "listFunctions")
async def test_the_functions_of_this_process_are_listed(memory: Stack) -> None:
    answer = await memory.get("/functions")

    assert answer.status == 200
    found = {one["name"]: one for one in answer.body["functions"]}
    assert [*found] == sorted(found)
    assert found["answer"] == {
        "name": "answer",
        "id": "5b1f0c52-3b0e-4d59-9a6e-0d3a4f1f6d10",
        "kind": "python",
        "aliases": [],
    }
    assert found["noop"]["kind"] == "builtin"
    assert found["noop"]["id"] == function_uuid("noop")
    assert (answer.body["queues"], answer.body["executors"]) == ([], 1)


async def test_without_an_executor_nothing_is_listed(idle: Stack) -> None:
    nothing = {"functions": [], "queues": [], "executors": 0, "queueDepth": 0}
    assert (await idle.get("/functions")).body == nothing
