"""Sets of views over HTTP: built, compared and promoted under load, and the refusals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from baton.command_api.principal import ADMIN
from baton.eventlog.ports.views import Change
from baton.projector.sets.set_follower import compare_set
from tests.dialects.baton_documents import only_step, own_definition
from tests.kit.eventually import eventually
from tests.scenarios.stack import Client, Stack, running_stack

CLIENTS = 2
DEFINITION = own_definition("answers", only_step("answer"))


@dataclass
class Load:
    """The errors that the clients of a load have seen."""

    runs: int = 0
    failures: list[str] = field(default_factory=list)


async def sets(admin: Client) -> dict[int, dict[str, Any]]:
    answer = await admin.get("/views")
    assert answer.status == 200, answer.raw
    return {one["set"]: one for one in answer.body["sets"]}


async def begun(admin: Client) -> int:
    """Begin a set and return its number."""
    answer = await admin.post("/views/rebuild")
    assert answer.status == 202, answer.raw
    assert answer.body["state"] == "building"
    return int(answer.body["set"])


async def promoted(admin: Client, number: int) -> None:
    """Promote a set, and wait until a run shows that it is read."""
    answer = await admin.post(f"/views/{number}/promote")
    assert (answer.status, answer.body.get("state")) == (200, "live"), answer.raw


def in_state(admin: Client, number: int, *states: str) -> Any:
    async def check() -> bool:
        return (await sets(admin))[number]["state"] in states

    return check


def idle_again(stack: Stack) -> Any:
    async def check() -> bool:
        return await stack.services.runs.count_open(stack.tenant) == 0

    return check


async def keep_starting(client: Client, load: Load, stop: asyncio.Event) -> None:
    """Start runs and read each at once; note a 5xx, a position that goes back, and a miss."""
    position = 0
    while not stop.is_set():
        started = await client.post("/runs", {"definition": "answers"})
        read = await client.get(f"/runs/{started.body.get('id')}")
        for answer, expected in ((started, 201), (read, 200)):
            seen = int(answer.headers.get("Baton-Position", 0))
            if answer.status != expected or seen < position or "Warning" in answer.headers:
                load.failures.append(f"{answer.status}, {position} -> {seen}: {answer.raw!r}")
            position = max(position, seen)
        load.runs += 1


@asynccontextmanager
async def under_load(client: Client) -> AsyncIterator[Load]:
    load, stop = Load(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(keep_starting(client, load, stop))
        try:
            yield load
        finally:
            stop.set()


async def more_runs(load: Load, count: int = 15) -> None:
    wanted = load.runs + count
    await eventually(lambda: load.runs >= wanted, within_s=20)


@pytest.mark.operations("baton", "listViewSets", "rebuildViews", "promoteViews")
@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
async def test_a_set_is_built_and_promoted_under_load(tmp_path: Path, backend: str) -> None:
    async with running_stack(tmp_path, backend=backend) as stack:
        admin, client = stack.client("baton", scope=ADMIN), stack.client("baton")
        assert (await client.post("/definitions", DEFINITION)).status == 201
        (first,) = await sets(admin)
        async with under_load(client) as load:
            await more_runs(load)
            second = await begun(admin)
            await eventually(in_state(admin, second, "ready", "differs"), within_s=30)
            for number in (second, first, second):
                await promoted(admin, number)
                await more_runs(load)
        await eventually(idle_again(stack), within_s=20)
        assert load.failures == []
        found = await sets(admin)
        assert (found[first]["state"], found[second]["state"]) == ("previous", "live")
        assert (found[second]["epoch"], found[second]["differences"]) == (4, 0)
        before = await stack.stores.view_sets.open(first)
        assert await compare_set(stack.stores, first, before) == []


async def test_a_damaged_live_set_is_replaced_only_on_request(tmp_path: Path) -> None:
    async with running_stack(tmp_path, backend="memory") as stack:
        admin = stack.client("baton", scope=ADMIN)
        assert (await stack.client("baton").post("/definitions", DEFINITION)).status == 201
        (row,) = await stack.stores.views.scan("definitions")
        position = await stack.stores.views.checkpoint()
        damage = Change(table="definitions", deletes=[(row.tenant, row.key)])
        await stack.stores.views.commit([damage], checkpoint=position)
        number = await begun(admin)
        await eventually(in_state(admin, number, "differs"), within_s=20)

        refused = await admin.post(f"/views/{number}/promote")
        accepted = await admin.post(f"/views/{number}/promote", {"acceptDifference": True})

        async def mended() -> bool:
            return (await stack.get("/definitions/answers")).status == 200

        assert (refused.status, refused.body["error"]) == (409, "conflict")
        assert "differs from the live set in at least 1 rows" in refused.body["message"]
        assert (accepted.status, accepted.body["state"]) == (200, "live")
        await eventually(mended)


async def test_an_impossible_change_is_refused(idle: Stack) -> None:
    admin = idle.client("baton", scope=ADMIN)
    (live,) = await sets(admin)
    number = await idle.stores.view_sets.create([], at=1)
    foreign = await admin.post(f"/views/{number}/promote")
    building = await admin.post("/views/rebuild")
    await idle.stores.view_sets.drop(number)

    assert foreign.status == 409
    assert "another release" in foreign.body["message"]
    assert building.status == 409
    assert f"Set {number} is being built" in building.body["message"]
    assert (await admin.post(f"/views/{live}/promote")).status == 200
    for unknown in (number, "x", "-1", "9" * 30, "%00"):
        assert (await admin.post(f"/views/{unknown}/promote")).status == 404
    assert (await admin.get("/views?what=x")).status == 400
    wrong = await admin.post(f"/views/{live}/promote", {"acceptDifference": "yes"})
    assert (wrong.status, wrong.body["error"]) == (400, "validation_error")
    assert "acceptDifference" in wrong.raw.decode()
