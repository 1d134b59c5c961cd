"""The stream for pages: changes by topic, with only the newest change of each run."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from baton.command_api.live import changes, live_feed
from baton.command_api.live.changes import Changes, Topics, parse_topics
from baton.command_api.streaming import change_sender
from baton.domain.run.messages import Event
from baton.domain.run.messages.run_events import RunCompleted
from baton.domain.run.messages.step_events import StepStarted, StepSucceeded
from baton.eventlog.events.envelope import Recorded
from tests.kit.eventually import eventually
from tests.kit.stack import bearer, in_background
from tests.live.world import World

COMPLETED = "run.RunCompleted"


@dataclass(slots=True)
class Page:
    """A browser's stream: its frames as (type, data), and the position by which it resumes."""

    start: int
    frames: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    position: int = -1

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data for name, data in self.frames if name == kind]

    def runs(self) -> dict[str, str]:
        """Return the type of each run's newest event."""
        return {one["runId"]: one["type"] for data in self.of("run") for one in data["runs"]}


@asynccontextmanager
async def opened(world: World, query: str, **claims: object) -> AsyncIterator[Page]:
    headers = bearer(**{"tenant": world.tenant, **claims})
    async with world.session.get(f"{world.url}/stream?{query}", headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        page = Page(int(response.headers["Baton-Position"]))

        async def read() -> None:
            fields: dict[str, str] = {}
            async for line in response.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                    continue
                if "data" in fields:
                    page.frames.append((fields["event"], json.loads(fields["data"])))
                page.position = int(fields.get("id", page.position))
                fields = {}

        async with in_background(read()):
            yield page


async def test_pages_learn_of_runs_steps_the_log_and_the_lag(world: World) -> None:
    definition = await world.define("orders")
    async with opened(world, "topics=runs,log,stats") as page:
        run_id = await world.start(definition)
        await eventually(lambda: page.runs().get(run_id) == COMPLETED and page.of("log"))
        async with opened(world, f"topics=run:{run_id}&after={page.start}") as of_the_run:
            await eventually(lambda: of_the_run.of("step"))

    assert page.of("stats")[-1]["lagMs"] < 10_000
    assert page.of("step") == []
    (steps,) = of_the_run.of("step")
    (step,) = steps["steps"]
    shown = {"runId": run_id, "stepId": "only", "visit": 1, "attempt": 1, "status": "succeeded"}
    assert step == shown
    assert of_the_run.runs() == {run_id: COMPLETED}
    assert of_the_run.of("resync") == []


async def test_many_changes_come_in_few_frames_and_nothing_of_other_tenants(world: World) -> None:
    mine, theirs = await world.define("mine"), await world.define("theirs", tenant="other")
    async with opened(world, "topics=runs") as page, opened(world, "topics=log") as of_the_log:
        await world.start(theirs)
        started = asyncio.get_running_loop().time()
        runs = await asyncio.gather(*(world.start(mine) for _ in range(60)))
        await eventually(lambda: page.runs() == dict.fromkeys(runs, COMPLETED))
        elapsed = asyncio.get_running_loop().time() - started

    assert len(page.frames) <= 1 + 10 * elapsed
    assert of_the_log.of("run") == []


async def test_a_stream_resumes_where_it_ended(world: World) -> None:
    definition = await world.define("orders")
    async with opened(world, "topics=runs") as page:
        first = await world.start(definition)
        await eventually(lambda: page.runs().get(first) == COMPLETED and page.position > 0)
    second = await world.start(definition)
    async with opened(world, f"topics=runs&after={page.position}") as resumed:
        await eventually(lambda: resumed.runs().get(second) == COMPLETED)

    assert list(resumed.runs()) == [second]


async def test_pages_far_behind_read_everything_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_sender, "MAX_BEHIND", 2)
    definition = await world.define("orders")
    async with opened(world, "topics=runs") as page:
        run_id = await world.start(definition)
        await eventually(lambda: page.runs().get(run_id) == COMPLETED)
    async with opened(world, "topics=runs&after=0") as resumed:
        await eventually(lambda: resumed.frames)

    assert [name for name, _ in resumed.frames] == ["resync"]
    assert resumed.start > 2


@pytest.mark.parametrize("query", ["topics=", "topics=runs,x", "topics=runs&status=failed"])
async def test_wrong_topics_are_refused(world: World, query: str) -> None:
    answer = await world.get(f"/stream?{query}")

    assert answer.status == 400


async def test_a_server_takes_a_limited_number_of_browsers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "MAX_LOG_WATCHERS", 1)
    async with opened(world, "topics=stats"):
        answer = await world.get("/stream?topics=stats")

    assert (answer.status, answer.body["error"]) == (429, "rate_limited")


def test_topics_are_parsed() -> None:
    assert parse_topics("runs,run:a,run:b,log,stats") == Topics(
        runs=True, run_ids=frozenset("ab"), log=True, stats=True
    )
    assert parse_topics("run:") is None


def event(run_id: str, position: int, of: Event | None = None) -> Recorded:
    started = StepStarted(
        step_id="only", visit=1, attempt=1, at=0, function="answer", deadline_at=1
    )
    return Recorded(position, f"acme/run/{run_id}", position, of or started)


def test_the_newest_change_of_a_run_wins_and_the_last_frame_has_the_position() -> None:
    waiting = Changes(Topics(runs=True, run_ids=frozenset("a")), "acme")
    waiting.add([event("a", 1), event("b", 2), event("a", 3, RunCompleted(at=0))])
    frames = waiting.take(3, None).split(b"\n\n")

    assert len(frames) == 3
    assert b"run.RunCompleted" in frames[0]
    assert [b"id: 3" in frame for frame in frames] == [False, True, False]
    assert waiting.take(3, None) == b"", "nothing waits any more"


def test_a_frame_names_a_limited_number_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_RUNS", 2)
    waiting = Changes(Topics(runs=True, run_ids=frozenset("d")), "acme")
    waiting.add([event(run_id, position) for position, run_id in enumerate("abca")])
    waiting.add([event("d", 4, RunCompleted(at=0)), event("e", 5)])

    frame = json.loads(waiting.take(5, None).split(b"data: ")[1])
    named = [one["runId"] for one in frame["runs"]]
    assert (named, frame["more"]) == (["a", "b", "d"], True), "a run with its own topic is named"
    waiting.add([event("c", 6)])
    assert b"more" not in waiting.take(6, None)


def test_too_many_changes_of_steps_become_one_resync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_STEPS", 5)
    waiting = Changes(Topics(run_ids=frozenset("abcdef")), "acme")
    waiting.add([event(run_id, position) for position, run_id in enumerate("abcdef")])

    assert waiting.take(6, None) == b'id: 6\nevent: resync\ndata: {"position":6}\n\n'


def test_an_older_event_of_a_run_doesnt_replace_a_newer_one() -> None:
    waiting = Changes(Topics(run_ids=frozenset("a")), "acme")
    waiting.add([event("a", 3, StepSucceeded(step_id="only", visit=1, attempt=1, at=0))])
    waiting.add([event("a", 2)])
    frames = waiting.take(3, None)

    assert b'"version":3' in frames
    assert b'"status":"succeeded"' in frames


def test_events_of_other_tenants_change_nothing() -> None:
    waiting = Changes(Topics(runs=True, run_ids=frozenset("a"), log=True), "acm")
    waiting.add([event("a", 1)])

    assert not waiting
    assert waiting.take(1, None) == b""
