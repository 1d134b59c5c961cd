"""One tale for every dialect: the same actions through the dialect's driver, the same history."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol

import aiohttp

from baton.command_api.dialect.contract import discover
from baton.domain.definition.messages import DefinitionCreated
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.messages.step_events import StepStarted
from baton.domain.stream import stream_parts
from baton.eventlog.events.envelope import Recorded
from tests.kit.clock import next_millisecond
from tests.kit.eventually import eventually
from tests.kit.stack import bearer
from tests.scenarios.route_cases import SAMPLES
from tests.scenarios.stack import DEADLINE_S, Stack


class Driver(Protocol):
    """The actions of the tale; `driver(session, url, tenant)` of a dialect's module returns one."""

    async def define(self, slug: str, steps: Sequence[tuple[str, str]]) -> str:
        """Create a definition of a sequence of (step id, function); return its id."""
        ...

    async def start(self, definition_id: str, run_input: dict[str, object]) -> str:
        """Start a run and return its id."""
        ...

    async def wait(self, definition_id: str, run_id: str) -> str:
        """Return "completed", "failed" or "cancelled" once the run has ended."""
        ...

    async def cancel(self, run_id: str) -> None:
        """Cancel a run."""
        ...

    async def retry(self, run_id: str) -> None:
        """Retry the failed steps of a run."""
        ...

    async def runs(self, definition_id: str) -> list[str]:
        """Return the ids of a definition's runs, the newest first."""
        ...

    async def page(self, number: int, size: int) -> tuple[list[str], int]:
        """Return a page of definition ids, the newest first, and the number of definitions."""
        ...

    async def be_refused(self, slug: str) -> tuple[int, str]:
        """Send a definition without steps; return the refusal's status and code."""
        ...


DriverFactory = Callable[[aiohttp.ClientSession, str, str], Driver]
"""Called with a session that sends a token, the server's URL, and the tenant."""


def drivers() -> dict[str, DriverFactory]:
    """Return the driver factory of every dialect, by the dialect's name."""
    return {dialect.name: SAMPLES[dialect.name].driver for dialect in discover()}


async def history_of_tale(stack: Stack, connect: DriverFactory) -> list[Any]:
    """Play the tale and return the history that it leaves."""
    async with aiohttp.ClientSession(headers=bearer()) as session:
        await play_tale(connect(session, stack.url, "acme"), stack)
    recorded = await stack.stores.events.read_all(after=0, limit=10_000)
    return history([one for one in recorded if stream_parts(one.stream).kind in KINDS])


async def play_tale(driver: Driver, stack: Stack) -> None:
    """Define, page, start, fail, retry, cancel and be refused."""
    good = await driver.define("good", [("first", "answer"), ("second", "remember")])
    await next_millisecond()
    bad = await driver.define("bad", [("only", "flaky")])
    await next_millisecond()
    endless = await driver.define("endless", [("before", "answer"), ("held", "hold")])
    assert await driver.page(1, 2) == ([endless, bad], 3)
    assert await driver.page(2, 2) == ([good], 3)

    first = await driver.start(good, {"n": 1})
    assert await driver.wait(good, first) == "completed"
    second = await driver.start(good, {"n": 2})
    assert await driver.wait(good, second) == "completed"
    assert await driver.runs(good) == [second, first]

    failing = await driver.start(bad, {})
    assert await driver.wait(bad, failing) == "failed"
    await driver.retry(failing)
    assert await driver.wait(bad, failing) == "completed"

    held = await driver.start(endless, {})
    await wait_for_step(stack, held, "held")
    await driver.cancel(held)
    assert await driver.wait(endless, held) == "cancelled"

    status, _ = await driver.be_refused("nothing")
    assert 400 <= status < 500
    assert (await driver.page(1, 10))[1] == 3


async def wait_for_step(stack: Stack, run_id: str, step_id: str) -> None:
    """Return once an attempt of the step has started."""

    async def has_started() -> bool:
        events = await stack.events_of(run_id)
        return any(isinstance(one, StepStarted) and one.step_id == step_id for one in events)

    await eventually(has_started, within_s=DEADLINE_S, every_s=0.005)


KINDS = ("definition", "run")
TIMES = {"at", "deadline_at", "due_at", "traceparent"}
IDS = {"definition_id", "run_id"}


def history(recorded: Sequence[Recorded]) -> list[Any]:
    """Return the events by stream in a form that is equal for every dialect.

    Ids are replaced by their order of appearance and times are left out. A definition counts by its
    slug, status, actor and steps, because dialects join steps in different ways. A request counts
    without the run's context, which Workflow Orchestration begins with the input.
    """
    ids: dict[str, str] = {}
    streams: dict[str, list[Any]] = {}
    for one in recorded:
        tenant, kind, ident = stream_parts(one.stream)
        name = f"{tenant}/{kind}/{ids.setdefault(ident, str(len(ids)))}"
        streams.setdefault(name, []).append(_comparable(one.event, ids))
    return list(streams.items())


def _comparable(event: Any, ids: dict[str, str]) -> Any:
    if isinstance(event, DefinitionCreated):
        steps = [(step.id, getattr(step, "function", "")) for step in event.body.graph.steps]
        return "DefinitionCreated", event.slug, event.body.status, event.actor, steps
    if not is_dataclass(event):
        return event
    shown = {
        field.name: _comparable(getattr(event, field.name), ids)
        for field in fields(event)
        if field.name not in TIMES
    }
    if isinstance(event, RunRequested):
        del shown["context"], shown["size"]
    for name in IDS & shown.keys():
        shown[name] = ids.setdefault(str(shown[name]), str(len(ids)))
    return type(event).__name__, shown
