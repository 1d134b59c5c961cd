"""One tale, told through the verbs that every dialect's story has, and the history it leaves."""

import asyncio
import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol

import aiohttp

from baton.command_api.dialect.contract import discover
from baton.domain.definition.messages import DefinitionCreated
from baton.domain.run.messages import StepStarted
from baton.domain.stream import stream_parts
from baton.eventlog.events.envelope import Recorded
from tests.api.running import bearer
from tests.scenarios.stack import DEADLINE_S, Stack

Steps = Sequence[tuple[str, str]]


class Story(Protocol):
    """What a dialect's `story(session, url, tenant)` returns."""

    async def define(self, slug: str, steps: Steps) -> str: ...
    async def start(self, definition_id: str, run_input: dict[str, object]) -> str: ...
    async def wait(self, definition_id: str, run_id: str) -> str: ...
    async def cancel(self, run_id: str) -> None: ...
    async def retry(self, run_id: str) -> None: ...
    async def runs(self, definition_id: str) -> list[str]: ...
    async def page(self, number: int, size: int) -> tuple[list[str], int]: ...
    async def be_refused(self, slug: str) -> tuple[int, str]: ...


def stories() -> dict[str, Callable[..., Story]]:
    """Return what begins the story of every dialect there is, by the dialect's folder."""
    names = [one.name.replace("-", "_") for one in discover()]
    return {name: importlib.import_module(f"tests.dialects.{name}").driver for name in names}


async def told(stack: Stack, begin: Callable[..., Story]) -> list[Any]:
    """Tell the tale and return the history it left."""
    async with aiohttp.ClientSession(headers=bearer()) as session:
        await tell(begin(session, stack.url, "acme"), stack)
    recorded = await stack.stores.events.read_all(after=0, limit=10_000)
    return history([one for one in recorded if stream_parts(one.stream).kind in KINDS])


async def tell(story: Story, stack: Stack) -> None:
    good = await story.define("good", [("first", "answer"), ("second", "remember")])
    bad = await story.define("bad", [("only", "flaky")])
    endless = await story.define("endless", [("before", "answer"), ("held", "hold")])
    assert await story.page(1, 2) == ([endless, bad], 3)
    assert await story.page(2, 2) == ([good], 3)

    first = await story.start(good, {"n": 1})
    assert await story.wait(good, first) == "completed"
    second = await story.start(good, {"n": 2})
    assert await story.wait(good, second) == "completed"
    assert await story.runs(good) == [second, first]

    failing = await story.start(bad, {})
    assert await story.wait(bad, failing) == "failed"
    await story.retry(failing)
    assert await story.wait(bad, failing) == "completed"

    held = await story.start(endless, {})
    await begun(stack, held, "held")
    await story.cancel(held)
    assert await story.wait(endless, held) == "cancelled"

    status, _ = await story.be_refused("nothing")
    assert 400 <= status < 500
    assert (await story.page(1, 10))[1] == 3


async def begun(stack: Stack, run_id: str, step_id: str) -> None:
    """Return when a step has been started."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        events = await stack.events_of(run_id)
        if any(isinstance(one, StepStarted) and one.step_id == step_id for one in events):
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"step {step_id} was not started")


KINDS = ("definition", "run")
TIMES = {"at", "deadline_at", "due_at", "traceparent"}
IDS = {"definition_id", "run_id"}


def history(recorded: Sequence[Recorded]) -> list[Any]:
    """Return streams and events, with ids by order of appearance and without times.

    How steps are joined is a dialect's own way to say it, so of a definition the steps count.
    """
    ids: dict[str, str] = {}
    streams: dict[str, list[Any]] = {}
    for one in recorded:
        tenant, kind, ident = stream_parts(one.stream)
        name = f"{tenant}/{kind}/{ids.setdefault(ident, str(len(ids)))}"
        streams.setdefault(name, []).append(_told(one.event, ids))
    return list(streams.items())


def _told(event: Any, ids: dict[str, str]) -> Any:
    if isinstance(event, DefinitionCreated):
        steps = [(step.id, getattr(step, "function", "")) for step in event.body.graph.steps]
        return "DefinitionCreated", event.slug, event.body.status, event.actor, steps
    if not is_dataclass(event):
        return event
    shown = {
        field.name: _told(getattr(event, field.name), ids)
        for field in fields(event)
        if field.name not in TIMES
    }
    for name in IDS & shown.keys():
        shown[name] = ids.setdefault(str(shown[name]), str(len(ids)))
    return type(event).__name__, shown
