"""The names of metrics, which dashboards and alerts depend on: those of /metrics, and no others."""

import json
import re
import shutil
from asyncio import create_subprocess_exec
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
import yaml
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from baton.backends.memory.topics import MemoryTopics
from baton.eventlog.clock import SystemClock
from baton.eventlog.loops.relay import Relay
from baton.executor.functions.registry import Registry
from baton.executor.workers.worker import Worker
from baton.projector.run_metrics import open_counts
from baton.roles.scheduler import _RelayMetrics
from baton.roles.worker import export
from baton.settings import Settings
from tests.backends.memory import open_stores
from tests.dialects.baton_documents import own_definition
from tests.docs.pages import ROOT
from tests.kit.eventually import eventually
from tests.kit.stack import SECRET, RunningServer, running_roles
from tests.notary.sealing import KEY

FOLDER = ROOT / "deploy" / "observability"
PAGE = (ROOT / "docs" / "operating.md").read_text()
RULES = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"][0]["rules"]
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
ORDERS = own_definition("orders")
NAPS = own_definition("naps", {"id": "nap", "delay": "1h"})
SHOWN = ('baton_runs_total{definition="orders"', 'baton_runs_open{state="waiting"} 1.0')
"""Parts of /metrics once its figures have both runs."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def families(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Metric]:
    """The metrics of a server that has performed a run, of a relay and of a worker, by name."""
    folder = tmp_path_factory.mktemp("metrics")
    settings = Settings(
        store="memory:",
        jwt_secret=SecretStr(SECRET),
        audit_key=SecretStr(KEY.text),
        otlp_endpoint="http://127.0.0.1:9",
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(open_counts, "COUNT_S", 0.05)
        async with running_roles(settings, RunningServer) as server:
            for definition in (ORDERS, NAPS):
                assert (await server.post("/definitions", definition)).status == 201
                started = {"definition": definition["slug"]}
                assert (await server.post("/runs", started)).status == 201

            async def text() -> str:
                found = (await server.get("/metrics")).raw.decode()
                return found if all(one in found for one in SHOWN) else ""

            families = parsed(await eventually(text))
    return {**families, **parsed(await relay_metrics(folder)), **new_families_of_a_worker(families)}


def new_families_of_a_worker(others: Mapping[str, Metric]) -> Mapping[str, Metric]:
    """Return the metrics of a worker that other services don't have."""
    registry = CollectorRegistry()
    export(Worker(MemoryTopics(), Registry(), prefix="", clock=SystemClock()), registry)
    found = parsed(generate_latest(registry).decode())
    return {name: one for name, one in found.items() if name not in others}


async def relay_metrics(folder: Path) -> str:
    """Return the metrics of a relay that doesn't run: only a shared log has one that does."""
    stores, none = await open_stores(folder), cast("Any", object())
    registry = CollectorRegistry()
    relay = Relay(replace(stores, outbox=none, publisher=none), clock=SystemClock(), holder="me")
    registry.register(_RelayMetrics(relay))
    await stores.close()
    return generate_latest(registry).decode()


def parsed(text: str) -> dict[str, Metric]:
    return {
        one.name: one
        for one in text_string_to_metric_families(text)
        if not one.name.endswith("_created")
    }


def samples(families: Mapping[str, Metric]) -> set[str]:
    """Return the names of all samples, as queries use them."""
    return {name + ending for name, one in families.items() for ending in ENDINGS[one.type]}


def count(family: Metric) -> dict[str, float]:
    """Return the number of observations of a histogram, by the function if it has that label."""
    return {
        one.labels.get("function", ""): one.value
        for one in family.samples
        if one.name.endswith("_count")
    }


def queries() -> Iterator[str]:
    """Yield the queries of the dashboard and of the rules."""
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (one["expr"] for one in panel.get("targets", ()))
    yield from (one["query"]["query"] for one in dashboard["templating"]["list"][1:])
    yield from (one["expr"] for one in RULES)


def rows(page: str) -> dict[str, str]:
    """Return the meaning of each metric in the table of a page, by its name."""
    return dict(re.findall(r"^\| `(baton_\w+)` \| .*? \| (.*) \|$", page, re.MULTILINE))


async def test_the_page_for_operators_has_every_metric_and_no_other(
    families: Mapping[str, Metric],
) -> None:
    shown = {
        f"{name}_total" if one.type == "counter" else name: one.documentation
        for name, one in families.items()
    }

    assert rows(PAGE) == shown


async def test_the_figures_of_a_run_have_its_definition(families: Mapping[str, Metric]) -> None:
    (ended,) = families["baton_runs"].samples
    assert ended.labels == {"tenant": "acme", "definition": "orders", "status": "completed"}
    assert ended.value == 1
    labels = {"function": "noop", "outcome": "succeeded"}
    assert [one.labels for one in families["baton_attempts"].samples] == [labels]
    places = families["baton_function_places"].samples
    assert [tuple(one.labels.values()) for one in places] == [
        ("noop", state) for state in ("free", "taken", "waiting")
    ]
    assert [one.value for one in places[1:]] == [0, 0]
    for name in ("baton_attempt_seconds", "baton_attempt_queue_seconds"):
        assert count(families[name]) == {"noop": 1}
    states = {one.labels["state"]: one.value for one in families["baton_runs_open"].samples}
    assert states == {"pending": 0, "running": 0, "waiting": 1, "paused": 0}


async def test_each_commit_is_observed_once(families: Mapping[str, Metric]) -> None:
    (commits,), (same,) = (
        count(families[f"baton_commit_{name}"]).values() for name in ("seconds", "events")
    )
    (stored,) = (
        one.value for one in families["baton_commit_events"].samples if one.name.endswith("_sum")
    )

    assert 0 < commits == same < stored


async def test_every_query_names_metrics_that_exist(families: Mapping[str, Metric]) -> None:
    found = list(queries())
    named = {name for query in found for name in re.findall(r"\bbaton_\w+", query)}

    assert len(found) > 40
    assert named - samples(families) == set()
    assert all(query.count("(") == query.count(")") for query in found)


async def test_every_condition_on_the_page_for_operators_has_an_alert() -> None:
    table = PAGE.split("| condition | metric |")[1].split("\n\n")[0]
    alerts = " ".join(one["expr"] for one in RULES)

    named = {
        row[0] for row in (re.findall(r"\bbaton_\w+", line) for line in table.splitlines()) if row
    }
    assert {name for name in named if name not in alerts} == set()
    assert all(one["annotations"].keys() == {"summary", "description"} for one in RULES)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool isn't installed")
async def test_promtool_accepts_the_rules() -> None:
    process = await create_subprocess_exec("promtool", "check", "rules", FOLDER / "rules.yml")
    assert await process.wait() == 0


async def test_the_part_of_a_configuration_names_the_rules() -> None:
    part = yaml.safe_load((FOLDER / "scrape.yml").read_text())

    assert part["scrape_configs"][0]["metrics_path"] == "/metrics"
    assert all((FOLDER / one).is_file() for one in part["rule_files"])
