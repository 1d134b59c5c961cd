"""`baton backtest` tries a changed definition on the recorded runs of a store."""

import asyncio
import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from baton.command_api.own.definitions.format.render_definition import render_definition
from baton.domain.claim.messages import NameClaimed, slug_claim
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Graph
from baton.domain.run.outcome import Error, Failed, Outcome
from baton.settings import Settings
from baton.stores import open_stores
from tests.cli.conftest import Call
from tests.cli.processes import Ended
from tests.kit.definitions import body, create_definition
from tests.kit.recorded_runs import append_all, parcels, recorded_run, weigh

TORN = 90
"""The weight of parcels that tear when they are weighed."""
WEIGHTS = [Random(number).randrange(TORN, 111) for number in range(80)]


def function(step_id: str, kg: Any) -> Outcome:
    if kg == TORN:
        return Failed(error=Error(code="TORN", message="it tore"), retryable=False)
    return weigh(step_id, kg)


def flipped_by_hand() -> list[str]:
    """Return the runs whose weights alone say that a flipped comparison leads elsewhere."""
    return [
        f"r{number}" for number, kg in enumerate(WEIGHTS) if kg != TORN and (kg > 100) != (kg < 100)
    ]


async def fill(folder: Path) -> None:
    create = create_definition("d1", body(parcels()), slug="parcels")
    created = DEFINITION.decide(create, DEFINITION.initial)
    of = DEFINITION.fold(created)
    runs = {
        f"r{number}": recorded_run(of, f"r{number}", kg, function=function, at=1_000 + number)
        for number, kg in enumerate(WEIGHTS)
    }
    stores = await open_stores(Settings(data=folder), sealing="none")
    claim = NameClaimed(name=slug_claim("parcels"), holder="d1", at=1)
    await append_all(stores.events, "acme", "claim", {claim.name: [claim]})
    await append_all(stores.events, "acme", "definition", {"d1": created})
    await append_all(stores.events, "acme", "run", runs)
    await stores.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with recorded runs; it has no views, as after an import."""
    folder = tmp_path_factory.mktemp("recorded")
    asyncio.run(fill(folder))
    return folder


@pytest.fixture
def backtest(call: Call, recorded: Path, tmp_path: Path) -> Call:
    """Return a function that runs the verb on a graph, which it writes into a file."""

    def run(graph: Graph, *options: object) -> Ended:
        file = tmp_path / "changed.json"
        file.write_text(json.dumps(render_definition("parcels", body(graph))))
        of = ("--against", "parcels", "--tenant", "acme", "--data", recorded)
        return call("backtest", file, *of, *options)

    return run


def test_runs_go_the_same_way_against_their_own_definition(backtest: Call) -> None:
    ended = backtest(parcels(), "--fail-on-difference")

    assert (ended.code, ended.out) == (0, "80 runs: 80 the same\n")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_flipped_comparison_finds_exactly_the_runs_of_other_weights(
    backtest: Call, jobs: int
) -> None:
    report = json.loads(backtest(parcels("lt"), "--json", "--jobs", jobs).out)

    assert [one["id"] for one in report["items"]] == flipped_by_hand()
    assert (report["runs"], report["differs"]) == (80, len(flipped_by_hand()))
    assert report["same"] == 80 - len(flipped_by_hand())
    assert report["against"] == {"id": "d1", "slug": "parcels"}
    assert sum(one["count"] for one in report["groups"]) == len(flipped_by_hand())


def test_a_table_shows_the_groups(backtest: Call) -> None:
    ended = backtest(parcels("lt"), "--fail-on-difference")
    differ = len(flipped_by_hand())

    *rows, counts = ended.out.splitlines()
    assert sorted(row.split("\t")[1:4] for row in rows) == [
        ["choose", "reject", "ship"],
        ["choose", "ship", "reject"],
    ]
    assert counts == f"80 runs: {80 - differ} the same, {differ} differ"
    assert (ended.code, f"{differ} of 80 runs would differ" in ended.err) == (1, True)


def test_options_choose_the_runs(backtest: Call) -> None:
    def runs(*options: object) -> int:
        return int(backtest(parcels(), *options).out.split()[0])

    torn = WEIGHTS.count(TORN)
    assert runs("--last", 7) == 7
    assert runs("--since", "1970-01-01T00:00:01.070Z") == 10
    assert (runs("--status", "failed"), runs("--status", "completed")) == (torn, 80 - torn)
    assert runs("--status", "failed", "--status", "cancelled") == torn
    assert runs("--run", "r1", "--run", "r70", "--run", "r999") == 2


def test_a_renamed_step_needs_a_name_or_an_output(backtest: Call, tmp_path: Path) -> None:
    renamed = parcels(ship="send")
    (tmp_path / "outputs.yaml").write_text("send: {parcel: 1}\n")

    unknown = backtest(renamed)
    mapped = backtest(renamed, "--map", "send=ship")
    stubbed = backtest(renamed, "--stub", tmp_path / "outputs.yaml")

    assert "unknown after send" in unknown.out
    assert "--map NEW=OLD or --stub FILE" in unknown.err
    assert (mapped.out, stubbed.out) == ("80 runs: 80 the same\n",) * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--map", "send"), "'send' isn't NEW=OLD, two step ids"),
        (("--map", "send=ship"), "'send' names no step of the changed definition"),
        (("--map", "ship=sink"), "'ship' names 'sink', which no recorded version has"),
        (("--status", "over"), "'over' isn't one of pending, running, paused, completed"),
        (("--last", "0"), "greater than or equal to 1"),
    ],
)
def test_wrong_options_are_named(backtest: Call, options: tuple[str, ...], message: str) -> None:
    ended = backtest(parcels(), *options)

    assert (ended.code, message in ended.err) == (2, True), ended.err


def test_an_invalid_definition_is_refused_with_the_path_of_its_fault(
    call: Call, recorded: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({"slug": "x", "name": "X", "steps": [{}]}))

    ended = call("backtest", "bad.json", "--against", "parcels", "--data", recorded)

    assert (ended.code, "steps[0].id required" in ended.err) == (1, True), ended.err


def test_nothing_is_stored(backtest: Call, call: Call, recorded: Path) -> None:
    for name in ("before", "after"):
        assert call("export", "--data", recorded, "-o", name).code == 0
        backtest(parcels("lt"))

    assert Path("before").read_bytes() == Path("after").read_bytes()


def test_an_export_is_tried_like_a_store(
    backtest: Call, call: Call, recorded: Path, tmp_path: Path
) -> None:
    """Its only tenant has the definition, which no views name."""
    export, changed = tmp_path / "runs.ndjson", tmp_path / "changed.json"
    assert call("export", "--data", recorded, "--out", export).code == 0
    of_store = backtest(parcels("lt"))

    def ended(of: str, *options: object) -> Ended:
        return call("backtest", changed, "--against", of, *options)

    of_export, damaged = ended("d1", "--export", export), ended("d1", "--export", changed)
    both = ended("d1", "--export", export, "--data", recorded)

    assert (of_export.code, of_export.out) == (0, of_store.out)
    assert "has no definition 'nope'" in ended("nope", "--export", export).err
    assert (damaged.code, "line 1" in damaged.err) == (1, True)
    assert (both.code, "not both" in both.err) == (2, True)


def test_the_definition_is_found_by_the_views_or_by_its_tenant(
    call: Call, recorded: Path, tmp_path: Path
) -> None:
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(render_definition("parcels", body(parcels()))))
    built = shutil.copytree(recorded, tmp_path / "built")
    assert call("replay", "--apply", "--data", built).code == 0

    def ended(of: str, data: Path, *options: str) -> Ended:
        return call("backtest", file, "--against", of, "--data", data, *options)

    assert ended("parcels", built).code == ended("d1", built).code == 0
    assert ended("d1", recorded, "--tenant", "acme").code == 0
    assert "its tenant with --tenant" in ended("parcels", recorded).err
    assert "no definition 'nope'" in ended("nope", recorded, "--tenant", "acme").err
    assert "Tenant globex has no definition" in ended("d1", recorded, "--tenant", "globex").err
