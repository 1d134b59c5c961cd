"""The same tests in the process and against `baton dev`, with the example of the guide."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from pydantic import SecretStr

from baton.command_api.principal import ADMIN
from baton.domain.errors import Rejected
from baton.settings import Settings
from baton.testing import Engine, NotOnServer, Stalled, engine
from tests.cli.processes import Dev, dev
from tests.dialects.baton_documents import only_step, own_definition
from tests.docs.pages import ROOT
from tests.kit.stack import SECRET, RunningServer, running_roles, token

GUIDE: Final = (ROOT / "docs" / "testing.md").read_text()
COURSE: Final = ["validate", "check", "fulfill", "cool_down", "bill"]
MORE: Final = """
from baton import NonRetryableError, StepResult, function


@function("repeat")
def repeat(payload: dict) -> StepResult:
    text = payload["input"]["text"] * payload["config"]["times"]
    return StepResult(output=text, context={"text": text, "length": len(text)})


@function("burst")
def burst(payload: dict) -> None:
    raise NonRetryableError("it is too long: " + "x" * 5_000, code="TOO_LONG")
"""
LARGE: Final[dict[str, Any]] = {
    "slug": "large",
    "name": "Large values",
    "steps": [
        {"id": "first", "function": "repeat", "config": {"times": 2}},
        {
            "id": "which",
            "decide": [
                {"if": [{"path": "steps.first.output", "op": "eq", "value": "x"}], "next": "$end"},
                {"if": [{"path": "context.length", "op": "gt", "value": 1}], "next": "second"},
            ],
        },
        {"id": "second", "function": "repeat", "config": {"times": 20}},
        {"id": "last", "function": "burst"},
    ],
}
"""Values of 5, 10 and 100 kB, and an error of 5 kB."""


def block(name: str) -> str:
    """Return the file of a name that the guide shows."""
    found = re.search(rf"^```\w+\n# {re.escape(name)}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


ORDERS: Final[dict[str, Any]] = yaml.safe_load(block("orders.yaml"))
NAP: Final = own_definition("nap", {"id": "rest", "delay": "1s"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("guide")
    (made / "orders.py").write_text(block("orders.py"))
    (made / "more.py").write_text(MORE)
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Dev]:
    with dev(
        folder, "--virtual-time", "--functions", "orders.py", "--functions", "more.py"
    ) as running:
        yield running


@pytest.fixture
def on_server(server: Dev) -> Engine:
    return engine(url=server.url, token=server.token, definitions=[ORDERS, LARGE, NAP])


def embedded(folder: Path) -> Engine:
    files = [folder / "orders.py", folder / "more.py"]
    return engine(*files, definitions=[ORDERS, LARGE, NAP])


async def course_of(baton: Engine) -> list[str]:
    """Check what the guide checks, and return the histories of the runs."""
    (ordered,) = await baton.record("created", "orders", "1001", {"total": 59})
    assert ordered.status == "running"
    assert await ordered.explain() == "It waits in a delay"
    began = baton.clock.now()
    await ordered.wait()

    ordered.completed().took(COURSE)
    assert ordered.output("bill") == ordered.output() == {"billed": 490}
    assert (ordered.attempts("fulfill"), ordered.definition) == (1, "order-processing")
    assert (baton.clock.now() - began).total_seconds() == 3 * 3_600
    assert [one.id for one in await baton.runs("order-processing")][-1] == ordered.id

    empty = await baton.run("order-processing", {"data": {"total": 0}}, correlation_id="c-1")
    empty.completed().never_ran("fulfill", "bill")
    with pytest.raises(AssertionError, match="'order-processing', which has no step 'billing'"):
        empty.never_ran("billing")
    assert empty.branches == ["check: else to $end"]

    large = await baton.run("large", {"text": "x" * 5_000})
    large.failed("TOO_LONG", step="last").took(["first", "which", "second", "last"])
    assert large.error is not None
    assert large.error.message == "it is too long: " + "x" * 5_000
    assert large.input == {"text": "x" * 5_000}
    assert (large.output("first"), large.output("second")) == ("x" * 10_000, "x" * 100_000)
    assert large.context == {"text": "x" * 100_000, "length": 100_000}

    nap = await baton.start("nap")
    await baton.clock.advance("1s")
    (await nap.refresh()).completed()
    without_context = re.sub(r" context \d+ bytes, sha256 \w+", "", large.history)
    return [empty.history, without_context, nap.history]


async def test_the_guides_example_is_the_same_on_a_server(folder: Path, on_server: Engine) -> None:
    async with embedded(folder) as here:
        wanted = await course_of(here)
    async with on_server as there:
        assert await course_of(there) == wanted


async def test_decisions_controls_and_refusals_are_those_of_an_engine(
    folder: Path, on_server: Engine
) -> None:
    for made in (embedded(folder), on_server):
        async with made as baton:
            valid = {"validate": {"isValid": True}}
            assert await baton.decide("order-processing", "check", outputs=valid) == "fulfill"
            assert await baton.decide("order-processing", "check") is None
            with pytest.raises(Rejected):
                await baton.decide("order-processing", "fulfill")
            with pytest.raises(LookupError, match="order-procesing"):
                await baton.start("order-procesing")
            with pytest.raises(ValueError, match=r"steps\[0\].next"):
                await baton.apply({**NAP, "steps": [{"id": "a", "function": "b", "next": "c"}]})
            with pytest.raises(ValueError, match="unknown"):
                await baton.apply({**NAP, "colour": "red"})
            paused = await (await baton.start("nap")).pause("for a test")
            with pytest.raises(Stalled, match="no due time continues the run"):
                await paused.wait()
            (await (await paused.cancel("enough")).wait()).cancelled()
            with pytest.raises(Rejected):
                await paused.pause()
            with pytest.raises(Stalled, match="hasn't ended within 1h"):
                await (await baton.start("order-processing", {"data": {"total": 1}})).wait("1h")


def test_a_test_without_asyncio_works_on_a_server(server: Dev) -> None:
    with engine(url=server.url, token=server.token, definitions=[NAP]) as baton:
        run = baton.run("nap").completed().took(["rest"])

        assert baton.clock.now() >= run.requested_at


async def test_a_server_refuses_calls_that_need_the_process_and_names_the_alternative(
    on_server: Engine,
) -> None:
    async with on_server as baton:
        with pytest.raises(NotOnServer, match="--functions"):
            baton.stub("validate-order")
        with pytest.raises(NotOnServer, match="kill the process"):
            await baton.crash()
        with pytest.raises(NotOnServer, match="use `clock`"):
            _ = baton.time
    with pytest.raises(ValueError, match="has its own functions"):
        engine("orders.py", url="http://127.0.0.1:8080")
    with pytest.raises(ValueError, match="url must begin with http"):
        engine(token="t")


@pytest.fixture
async def in_real_time(tmp_path: Path) -> AsyncIterator[Engine]:
    settings = Settings(data=tmp_path, store="memory:", jwt_secret=SecretStr(SECRET), notary=False)
    async with running_roles(settings, RunningServer) as running:
        short = {**NAP, "steps": [{"id": "rest", "delay": "20ms"}]}
        yield engine(url=running.url, token=token(scope=ADMIN), definitions=[short])


async def test_a_server_with_real_time_is_waited_for(in_real_time: Engine) -> None:
    created = {"event": "record.created"}
    failing = own_definition("failing", only_step("nothing"), trigger=created)
    waiting = own_definition("waiting", {"id": "rest", "delay": "1h"})
    async with in_real_time as baton:
        await baton.apply(failing, waiting)
        (run,) = await baton.record("created", "orders", "1", {})
        (await run.wait()).failed("FUNCTION_NOT_FOUND", step="only").took(["only"])
        await (await baton.run("nap")).completed().wait("1ms")
        with pytest.raises(Stalled, match="hasn't ended within 10ms"):
            await (await baton.start("waiting")).wait("10ms")
        with pytest.raises(NotOnServer, match="baton dev --virtual-time"):
            await baton.clock.advance("1h")
