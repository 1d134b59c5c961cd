"""Comparisons of runs in Baton's own API: two runs, and one run at two positions."""

from typing import Any

import pytest

from tests.kit.stack import bearer
from tests.scenarios.stack import Stack
from tests.scenarios.test_own_run_lists import create, start
from tests.scenarios.test_own_runs import until

IS_BIG = {"path": "input.total", "op": "gt", "value": 100}
STEPS: list[dict[str, Any]] = [
    {"id": "first", "function": "answer"},
    {"id": "which", "decide": [{"if": [IS_BIG], "next": "big"}], "else": "small"},
    {"id": "big", "function": "answer", "next": "$end"},
    {"id": "small", "function": "refuse"},
]


@pytest.mark.operations("baton", "diffRuns")
async def test_two_runs_differ_first_where_they_took_another_way(memory: Stack) -> None:
    await create(memory, "orders", steps=STEPS)
    small = await start(memory, "orders", input={"total": 5})
    big = await start(memory, "orders", input={"total": 500})
    await until(memory, small, "failed")
    await until(memory, big, "completed")

    found = (await memory.get(f"/runs/{small}/diff?with={big}")).body
    same = (await memory.get(f"/runs/{big}/diff?with={big}")).body

    assert (found["before"]["id"], found["after"]["id"], found["same"]) == (small, big, False)
    first = found["first"]
    assert (first["index"], first["stepId"], first["members"]) == (1, "which", ["decision"])
    assert (first["before"]["decision"]["next"], first["after"]["decision"]["next"]) == (
        "small",
        "big",
    )
    operations = {one["path"]: one for one in found["patch"]}
    assert operations["/status"] == {"op": "replace", "path": "/status", "value": "completed"}
    assert operations["/input/total"]["value"] == 500
    assert operations["/failure"] == {"op": "replace", "path": "/failure", "value": None}
    assert not any("At" in path or path.startswith("/steps/0") for path in operations)
    assert (same["same"], same["patch"], "first" in same, same["more"]) == (True, [], False, 0)


async def test_one_run_is_compared_with_itself_at_an_earlier_position(memory: Stack) -> None:
    await create(memory, "orders", steps=STEPS)
    run_id = await start(memory, "orders", input={"total": 500})
    await until(memory, run_id, "completed")
    events = (await memory.get(f"/runs/{run_id}/events")).body["events"]
    taken = next(one for one in events if one["type"] == "run.DecisionTaken")

    found = (await memory.get(f"/runs/{run_id}/diff?from={taken['position']}")).body
    whole = (await memory.get(f"/runs/{run_id}/diff?to={events[0]['position']}")).body

    assert (found["before"]["position"], found["before"]["status"]) == (
        taken["position"],
        "running",
    )
    assert (found["after"]["status"], found["first"]["stepId"]) == ("completed", "big")
    assert "before" not in found["first"]
    assert [one["path"] for one in found["patch"]] == ["/status", "/steps/-"]
    assert (whole["before"]["position"], whole["same"]) == (events[0]["position"], True)


async def test_a_comparison_needs_two_sides_that_the_tenant_has(memory: Stack) -> None:
    await create(memory, "orders", steps=STEPS)
    run_id = await start(memory, "orders", input={"total": 500})
    path = f"/runs/{run_id}/diff"

    refused = {
        query: (await memory.get(f"{path}?{query}")).status
        for query in ("", f"with={run_id}&from=1", "from=0", "from=x", "with=none", "step=a")
    }
    foreign = await memory.call("GET", f"{path}?from=1", headers=bearer(tenant="bolt"))

    assert refused == {
        "": 400,
        f"with={run_id}&from=1": 400,
        "from=0": 400,
        "from=x": 400,
        "with=none": 404,
        "step=a": 400,
    }
    assert foreign.status == 404
