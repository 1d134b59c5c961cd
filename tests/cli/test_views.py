"""`baton views` builds, compares and promotes sets of views, without a server and beside one."""

import asyncio
import json
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from baton.domain.definition.graph import Compute, Graph
from baton.projector.sets.set_follower import NEAR
from tests.cli.conftest import Call
from tests.cli.processes import baton, dev
from tests.faults.in_process_stack import define, in_process, request_runs, wait_until_ended

EVENTS_PER_RUN = 5
GRAPH = Graph(steps=(Compute(id="only", function="noop"),))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a definition and a few ended runs."""
    folder = tmp_path_factory.mktemp("views") / "data"
    asyncio.run(fill(folder, 3))
    return folder


async def fill(folder: Path, runs: int) -> None:
    async with in_process(folder) as stack:
        await request_runs(stack, [await define(stack, "orders", GRAPH)] * runs)
        await wait_until_ended(stack, runs)


def sets(call: Call, data: Path) -> dict[int, dict[str, Any]]:
    listed = call("views", "list", "--data", data, "--json")
    return {one["set"]: one for one in json.loads(listed.out)["sets"]}


def test_a_set_is_promoted_taken_back_and_dropped(call: Call, data: Path) -> None:
    (first,) = sets(call, data)
    rebuilt = call("views", "rebuild", "--rate", 0, "--data", data)
    second = max(sets(call, data))
    position = sets(call, data)[second]["position"]
    compared = call("views", "compare", second, "--data", data)
    promoted = call("views", "promote", second, "--data", data)
    states = {number: one["state"] for number, one in sets(call, data).items()}
    taken_back = call("views", "rollback", "--data", data)
    live = call("views", "drop", first, "--data", data)
    dropped = call("views", "drop", second, "--data", data)

    assert rebuilt.out.splitlines() == [
        f"Set {second} holds position {position}.",
        f"It equals the live set: `baton views promote {second}`",
    ]
    assert compared.out == f"Set {second} equals the live set.\n"
    assert promoted.out.startswith(f"Set {second} is live (promotion ")
    assert states == {first: "previous", second: "live"}
    assert taken_back.out == f"Set {first} is live again.\n"
    assert (live.code, live.err) == (
        1,
        f"Set {first} is live: `baton views promote` another one first\n",
    )
    assert dropped.out == f"Set {second} is dropped.\n"
    assert [*sets(call, data)] == [first]
    assert call("views", "list", "--data", data).out.startswith(f"{first}\tlive\t{position}\t0\t")


def test_a_set_that_differs_is_promoted_only_on_request(call: Call, data: Path) -> None:
    (first,) = sets(call, data)
    with closing(sqlite3.connect(data / f"views-{first}.db")) as views, views:
        views.execute("DELETE FROM run_steps")

    rebuilt = call("views", "rebuild", "--data", data)
    second = max(sets(call, data))
    compared = call("views", "compare", second, "--data", data)
    refused = call("views", "promote", second, "--data", data)
    accepted = call("views", "promote", second, "--accept-difference", "--data", data)

    assert (rebuilt.code, compared.code, refused.code, accepted.code) == (1, 1, 1, 0)
    assert rebuilt.err.startswith(f"Set {second} differs from the live set in ")
    assert f"`baton views promote {second} --accept-difference`" in rebuilt.err
    assert compared.out.startswith("First difference: run_steps ")
    assert f"Set {second} differs from the live set" in refused.err
    assert call("views", "drop", first, "--data", data).code == 0


async def test_a_set_is_built_and_compared_while_runs_start(tmp_path: Path) -> None:
    async with in_process(tmp_path / "data") as stack:
        definition = await define(stack, "orders", GRAPH)
        await request_runs(stack, [definition] * 10)
        words = ("views", "rebuild", "--rate", 0, "--data", "data")
        rebuilding = asyncio.create_task(asyncio.to_thread(baton, *words, folder=tmp_path))
        for number in count():
            await request_runs(stack, [definition], name=f"run {number}")
            if rebuilding.done():
                break
        rebuilt = await rebuilding

    assert (rebuilt.code, rebuilt.err) == (0, "")


def test_a_comparison_reports_its_progress(
    call: Call, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("views", "rebuild", "--rate", 0, "--data", data)
    second = max(sets(call, data))
    monkeypatch.setattr("baton.cli.terminal.progress.EVERY_S", 0.0)

    compared = call("views", "compare", second, "--data", data)
    call("views", "drop", second, "--data", data)  # other tests expect one set

    assert compared.code == 0
    assert compared.err.startswith(f"Comparing set {second} with the live one: ")


def test_beside_a_server_a_set_is_built_at_the_rate_of_the_verb(tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path / "data", 2 * NEAR // EVENTS_PER_RUN))

    with dev(tmp_path, "--data", "data", env={"BATON_VIEWS_REBUILD_RATE": "1"}):
        rebuilt = baton("views", "rebuild", "--rate", 0, "--data", "data", folder=tmp_path)

    assert (rebuilt.code, rebuilt.err) == (0, "")  # at one event per second it would take too long


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        (("promote", 99), "There is no set 99 of views: `baton views list` shows them\n"),
        (("compare", 99), "There is no set 99 of views: `baton views list` shows them\n"),
        (("drop", 99), "There is no set 99 of views: `baton views list` shows them\n"),
        (("rollback",), "No former live set is left: build a new set\n"),
    ],
)
def test_an_impossible_change_is_refused_in_one_line(
    call: Call, data: Path, verb: tuple[object, ...], message: str
) -> None:
    ended = call("views", *verb, "--data", data)

    assert (ended.code, ended.out, ended.err) == (1, "", message)


def test_a_folder_without_events_is_not_touched(call: Call, tmp_path: Path) -> None:
    ended = call("views", "list", "--data", "nowhere")

    assert (ended.code, list(tmp_path.iterdir())) == (1, [])
    assert ended.err.startswith("There are no events in nowhere: ")
