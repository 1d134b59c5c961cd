"""Backtests in Baton's own API."""

from random import Random
from typing import Any

import pytest

from baton.command_api.own.definitions.format.render_definition import render_definition
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.state import State as Definition
from baton.domain.json import JsonObject
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load
from tests.conformance.deployments import deployments
from tests.kit.definitions import body
from tests.kit.eventually import eventually
from tests.kit.recorded_runs import append_all, parcels, recorded_run, weigh
from tests.kit.stack import Response, bearer
from tests.scenarios.stack import DEADLINE_S, Stack

DATABASES = sorted({"sqlite", "postgres"} & deployments().keys())
"""The stores that a backtest reads; a transport makes no difference."""
WEIGHTS = [Random(number).randrange(90, 111) for number in range(90)]
FLIPPED = [f"r{number}" for number, kg in enumerate(WEIGHTS) if (kg > 100) != (kg < 100)]
"""The runs whose weights alone say that a flipped comparison leads elsewhere."""


def document(graph: Graph, **members: Any) -> JsonObject:
    return render_definition("parcels", body(graph)) | members


def refusing(graph: Graph) -> Graph:
    """Return the graph with a function that raises at every step that has one."""
    return Graph(
        steps=tuple(
            Compute(id=one.id, function="refuse", next=one.next)
            if isinstance(one, Compute)
            else one
            for one in graph.steps
        )
    )


async def recorded(stack: Stack, weights: list[int]) -> Definition:
    """Create the definition, and put runs of it into the log."""
    made = await stack.post("/definitions", document(parcels()))
    assert made.status == 201, made.body
    store = stack.stores.events
    stream = stream_name(stack.tenant, "definition", made.body["id"])
    of = (await load(store, DEFINITION, stream)).state
    runs = {
        f"r{number}": recorded_run(of, f"r{number}", kg, function=weigh)
        for number, kg in enumerate(weights)
    }
    await append_all(store, stack.tenant, "run", runs)
    return of


async def started(stack: Stack, graph: Graph, **members: Any) -> str:
    answer = await stack.post(
        "/definitions/parcels/backtests", {"definition": document(graph), **members}
    )
    assert answer.status == 202, answer.body
    assert answer.headers["Location"] == f"/backtests/{answer.body['id']}"
    return str(answer.body["id"])


async def ended(stack: Stack, job_id: str, query: str = "") -> dict[str, Any]:
    shown: dict[str, Any] = {}

    async def has_ended() -> bool:
        found = await stack.get(f"/backtests/{job_id}{query}")
        assert found.status == 200, found.body
        shown.update(found.body)
        return "endedAt" in shown

    await eventually(has_ended, within_s=DEADLINE_S, explain=lambda: f"the job is {shown}")
    return shown


@pytest.mark.operations("baton", "startBacktest")
@pytest.mark.operations("baton", "getBacktest")
@pytest.mark.parametrize("shared", DATABASES, indirect=True, scope="module")
async def test_a_backtest_finds_the_runs_that_would_go_another_way(stack: Stack) -> None:
    """Functions that raise are never called, and the log stays as it was."""
    of = await recorded(stack, WEIGHTS)
    before = await stack.stores.events.head()

    job_id = await started(stack, refusing(parcels("lt")))
    job = await ended(stack, job_id)
    page = await ended(stack, job_id, "?limit=3&offset=1")
    report = job["report"]

    assert (job["status"], job["replayed"], job["total"]) == ("completed", 90, 90)
    assert [one["id"] for one in report["items"]] == FLIPPED[:50]
    assert [one["id"] for one in page["report"]["items"]] == FLIPPED[1:4]
    assert (report["differs"], report["same"]) == (len(FLIPPED), 90 - len(FLIPPED))
    assert report["against"] == {"id": of.definition_id, "slug": "parcels"}
    assert {(one["was"], one["wouldBe"]) for one in report["groups"]} == {
        ("ship", "reject"),
        ("reject", "ship"),
    }
    assert await stack.stores.events.head() == before


async def test_members_of_the_request_choose_runs_names_and_outputs(memory: Stack) -> None:
    await recorded(memory, [150, 50, 150])
    renamed = parcels(ship="send")

    async def counts(**members: Any) -> tuple[int, int, int]:
        job = await ended(memory, await started(memory, renamed, **members))
        report = job["report"]
        return report["runs"], report["same"], report["unknown"]

    assert await counts() == (3, 1, 2)
    assert await counts(map={"send": "ship"}) == (3, 3, 0)
    assert await counts(stubs={"send": None}, last=1) == (1, 1, 0)
    assert await counts(ids=["r0", "r1"], status=["completed"]) == (2, 1, 1)
    assert await counts(since="2027-01-01T00:00:00Z") == (0, 0, 0)
    assert await counts(status=["failed"]) == (0, 0, 0)


async def test_a_bad_request_names_the_place_of_its_fault(memory: Stack) -> None:
    await recorded(memory, [])

    async def faults(**members: Any) -> list[tuple[str, str]]:
        sent = {"definition": document(parcels()), **members}
        answer = await memory.post("/definitions/parcels/backtests", sent)
        assert (answer.status, answer.body["error"]) == (400, "validation_error")
        return [(one["field"], one["message"]) for one in answer.body["details"]]

    to_nowhere = document(parcels(), steps=[{"id": "a", "function": "f", "next": "b"}])
    assert (await faults(definition=to_nowhere))[0][0] == "definition.steps[0].next"
    assert (await faults(definition={"steps": []}))[0] == ("definition.name", "required")
    assert (await faults(since="yesterday"))[0][0] == "since"
    assert (await faults(status=["over"]))[0][0] == "status[0]"
    assert (await faults(last=1_000_001))[0][0] == "last"
    assert await faults(map={"ship": "sink"}) == [
        ("map.ship", "names 'sink', which no recorded version has")
    ]
    assert await faults(stubs={"choose": 1}) == [
        ("stubs.choose", "names no step of the changed definition with a function")
    ]


async def test_unknown_members_are_named_in_a_warning(memory: Stack) -> None:
    await recorded(memory, [])
    sent = {"definition": document(parcels(), triger={}), "lst": 3}

    answer = await memory.post("/definitions/parcels/backtests", sent)
    strict = await memory.post(
        "/definitions/parcels/backtests", sent, headers={"Prefer": "handling=strict"}
    )

    assert answer.status == 202
    assert all(name in answer.headers["Warning"] for name in ("lst", "definition.triger"))
    assert [one["field"] for one in strict.body["details"]] == ["lst", "definition.triger"]


async def test_a_definition_may_be_in_a_dialect(memory: Stack) -> None:
    await recorded(memory, [150, 50, 100])
    heavy = {"path": "steps.weigh.output.kg", "op": "lt", "value": 100}
    changed: dict[str, Any] = {
        "slug": "parcels",
        "name": "Parcels",
        "trigger": {"type": "on-demand"},
        "steps": [
            {"id": "weigh", "type": "compute", "functionId": "weigh", "nextStepId": "choose"},
            {
                "id": "choose",
                "type": "decision",
                "cases": [{"conditions": [heavy], "nextStepId": "ship"}],
                "defaultNextStepId": "reject",
            },
            {"id": "ship", "type": "compute", "functionId": "ship"},
            {"id": "reject", "type": "compute", "functionId": "reject"},
        ],
    }
    sent = {"definition": changed, "dialect": "centrali-openapi"}
    path = "/definitions/parcels/backtests"
    nowhere = [{**changed["steps"][0], "nextStepId": "x"}]

    async def refused(**members: Any) -> tuple[int, str]:
        answer = await memory.post(path, sent | members)
        return answer.status, answer.body["details"][0]["field"]

    made = await memory.post(path, sent)
    report = (await ended(memory, made.body["id"]))["report"]

    assert [one["id"] for one in report["items"]] == ["r0", "r1"]
    assert (report["same"], report["definition"]["steps"]) == (1, 4)
    place = "definition.steps[0].nextStepId"
    assert await refused(definition={**changed, "steps": nowhere}) == (400, place)
    assert await refused(dialect="centrali") == (400, "dialect")
    warned = await memory.post(path, sent | {"definition": {**changed, "triger": {}}})
    assert "definition.triger" in warned.headers["Warning"]


async def test_definitions_and_backtests_of_others_are_not_found(memory: Stack) -> None:
    await recorded(memory, [])
    job_id = await started(memory, parcels())
    others = bearer(tenant="globex")

    async def status(method: str, path: str, **more: Any) -> int:
        answer: Response = await memory.call(method, path, **more)
        return answer.status

    sent = {"definition": document(parcels())}
    assert await status("GET", f"/backtests/{job_id}", headers=others) == 404
    assert await status("POST", f"/backtests/{job_id}/stop", headers=others) == 404
    assert await status("GET", "/backtests/nope") == 404
    assert await status("POST", "/definitions/nope/backtests", json=sent) == 404
    path = "/definitions/parcels/backtests"
    assert await status("POST", path, json=sent, headers=others) == 404
