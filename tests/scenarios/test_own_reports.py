"""Versions, graphs, schedules, record events and statistics in Baton's own API."""

from typing import Any

import pytest

from baton.command_api.principal import ADMIN
from tests.kit.eventually import eventually
from tests.kit.stack import SECRET
from tests.scenarios.stack import Stack

STEPS: list[dict[str, Any]] = [
    {"id": "validate", "name": 'Is it "valid"?', "function": "answer"},
    {"id": "check", "decide": [{"if": [], "next": "done"}], "else": "$end"},
    {"id": "done", "function": "answer"},
]


def document(slug: str = "orders", **members: Any) -> dict[str, Any]:
    return {"slug": slug, "name": "Orders", "steps": STEPS, **members}


async def create(stack: Stack, **members: Any) -> dict[str, Any]:
    made = await stack.post("/definitions", document(**members))
    assert made.status == 201, made.body
    return dict(made.body)


@pytest.mark.operations("baton", "listDefinitionVersions", "getDefinitionVersion", "diffDefinition")
async def test_versions_are_listed_and_compared(memory: Stack) -> None:
    await create(memory)
    changed = [{**STEPS[0], "timeout": "9s"}, {"id": "wait", "delay": "1s"}, *STEPS[1:2]]
    changed[2] = {"id": "check", "decide": [{"if": [], "next": "$end"}]}
    await memory.call("PUT", "/definitions/orders", json=document(name="New", steps=changed))

    versions = (await memory.get("/definitions/orders/versions")).body
    first = (await memory.get("/definitions/orders/versions/1")).body
    diff = (await memory.get("/definitions/orders/diff")).body
    same = (await memory.get("/definitions/orders/diff?from=2&to=2")).body

    assert [(one["version"], one["inForce"]) for one in versions["versions"]] == [
        (2, True),
        (1, False),
    ]
    assert first["definition"]["name"] == "Orders"
    assert first["definition"]["steps"] == STEPS
    assert (diff["from"], diff["to"], diff["same"]) == (1, 2, False)
    assert diff["changes"] == [{"member": "name", "before": "Orders", "after": "New"}]
    assert (diff["steps"]["added"], diff["steps"]["removed"]) == (["wait"], ["done"])
    assert diff["steps"]["changed"][0] == {
        "id": "validate",
        "changes": [{"member": "timeout", "after": "9s"}],
    }
    assert same["same"] is True
    for path in ("versions/3", "versions/0", "versions/x", "diff?from=9", "graph?version=9"):
        assert (await memory.get(f"/definitions/orders/{path}")).status == 404
    assert (await memory.get("/definitions/orders/diff?from=x")).status == 400


@pytest.mark.operations("baton", "getDefinitionGraph")
async def test_a_graph_is_drawn_in_three_forms(memory: Stack) -> None:
    valid = {"path": "steps.validate.output.isValid", "op": "eq", "value": True}
    paid = {"path": "input.paid", "op": "exists"}
    choice = {**STEPS[1], "decide": [{"if": [valid, paid], "next": "done"}], "else": "validate"}
    await create(memory, steps=[STEPS[0], choice, STEPS[2]])

    shown = (await memory.get("/definitions/orders/graph")).body
    mermaid = await memory.get("/definitions/orders/graph?format=mermaid")
    dot = await memory.get("/definitions/orders/graph?format=dot&version=1")

    assert [(one["id"], one["kind"]) for one in shown["nodes"]] == [
        ("validate", "function"),
        ("check", "decide"),
        ("done", "function"),
    ]
    assert shown["edges"] == [
        {"from": "validate", "to": "check"},
        {
            "from": "check",
            "to": "done",
            "label": "isValid = true and 1 more",
            "condition": "steps.validate.output.isValid eq true and input.paid exists",
        },
        {"from": "check", "to": "validate", "label": "else"},
    ]
    assert mermaid.raw.decode() == (
        "flowchart TD\n"
        '  s0["Is it #34;valid#34;#63;: answer"]\n'
        '  s1{"check: decide"}\n'
        '  s2["done: answer"]\n'
        "  s0 --> s1\n"
        '  s1 -->|"isValid #61; true and 1 more"| s2\n'
        '  s1 -->|"else"| s0\n'
    )
    assert mermaid.headers["Content-Type"] == "text/vnd.mermaid; charset=utf-8"
    assert '"validate" [label="Is it \\"valid\\"?: answer", shape=box];' in dot.raw.decode()
    assert (await memory.get("/definitions/orders/graph?format=svg")).status == 400


@pytest.mark.operations("baton", "listSchedules", "getSchedule", "getNextTicks")
async def test_schedules_show_their_timetable_and_next_ticks(memory: Stack) -> None:
    trigger = {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}
    made = await create(memory, trigger=trigger)
    await create(memory, slug="paused", trigger={"every": "1h"}, status="paused")
    await create(memory, slug="by-hand")
    path = f"/schedules/{made['id']}"

    listed = (await memory.get("/schedules")).body
    one = (await memory.get(path)).body
    ticks = (await memory.get(f"{path}/next?count=100")).body
    idle = next(each for each in listed["schedules"] if each["slug"] == "paused")
    none = (await memory.get(f"/schedules/{idle['id']}/next")).body

    assert (listed["total"], {each["slug"] for each in listed["schedules"]}) == (
        2,
        {"orders", "paused"},
    )
    assert (one["timetable"], one["active"], one["separate"]) == (trigger, True, False)
    assert len(ticks["ticks"]) == 100
    assert (ticks["ticks"][0]["at"], ticks["timezone"]) == (one["nextAt"], "Europe/Berlin")
    assert all(tick["local"][11:16] in {"02:30", "03:00"} for tick in ticks["ticks"])
    assert (idle["active"], idle["reason"]) == (False, "the definition is paused")
    assert none == {"ticks": [], "timezone": "UTC", "reason": "the definition is paused"}
    assert (await memory.get(f"{path}/ticks")).body == {"ticks": []}
    assert (await memory.get(f"{path}/next?count=0")).status == 400


@pytest.mark.operations("baton", "getScheduleTicks")
async def test_the_past_ticks_of_a_schedule_come_in_pages(memory: Stack) -> None:
    made = await create(memory, trigger={"at": "2020-01-01T00:00:00Z"})
    path = f"/schedules/{made['id']}"

    async def is_recorded() -> bool:
        return bool((await memory.get(path)).body["missed"])

    await eventually(is_recorded)
    page = (await memory.get(f"{path}/ticks")).body

    (tick,) = page["ticks"]
    assert (tick["outcome"], tick["nominalAt"]) == ("missed", "2020-01-01T00:00:00.000Z")
    assert "already past" in tick["reason"]
    assert "next" not in page
    ended = (await memory.get(f"{path}/next")).body
    assert ended["reason"] == "the timetable has no later tick"


@pytest.mark.operations("baton", "getSystem")
async def test_the_state_of_the_services_is_shown(memory: Stack) -> None:
    shown = (await memory.get("/system")).body

    assert (shown["ready"], shown["executors"], shown["lag"]) == (True, 1, shown["lag"])
    assert shown["functions"] > 0
    assert {"scheduler", "scheduler.deliveries"} <= {one["name"] for one in shown["leases"]}
    assert {one["holder"] for one in shown["leases"]} == {"embedded"}
    assert shown["followers"][0]["name"] == "views"
    assert (shown["waitingCalls"], "config" in shown) == (0, False)
    assert {*shown["versions"]} == {"baton", "python"}
    assert shown["virtualTime"] is False


async def test_administrators_see_the_settings_without_secrets(memory: Stack) -> None:
    answer = await memory.client("baton", scope=ADMIN).get("/system")

    config = answer.body["config"]
    assert (config["jwt_secret"], config["store"]) == ("**********", "memory:")
    assert SECRET.encode() not in answer.raw
