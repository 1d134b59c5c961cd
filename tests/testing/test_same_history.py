"""A flow in `baton.testing` has the same history as on SQLite, in virtual and in real time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from baton.command_api.commands import NewDefinition, create_definition, start_run
from baton.command_api.own.definitions.format.read_definition import read_definition
from baton.command_api.principal import Principal
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.process import Process
from baton.role import Replacements
from baton.settings import Settings
from baton.testing import engine
from baton.testing.history import render_history
from baton.wiring import run_roles
from tests.dialects.baton_documents import own_definition
from tests.kit.eventually import eventually
from tests.kit.stack import SECRET
from tests.testing import workflows
from tests.testing.workflows import ORDERS

STEPS = [
    {"id": "flaky", "function": "fail", "config": {"times": 2}, "next": "rest"},
    {"id": "rest", "delay": "20ms", "next": "validate"},
    *ORDERS["steps"],
    {"id": "broken", "function": "fail", "config": {"code": "BROKEN", "retryable": False}},
]
USER = Principal(subject="test", tenant="test")


def document() -> dict[str, Any]:
    """Return a flow with a retry, two delays, a decision, threads and a failure, all short."""
    steps = [dict(one) for one in STEPS]
    steps[0]["retry"] = {"attempts": 3, "backoff": "20ms", "factor": 1}
    for one in steps:
        if one["id"] == "cool_down":
            one["delay"] = "30ms"
        if one["id"] == "bill":
            one["next"] = "broken"
    return own_definition("orders", *steps)


@dataclass
class OnSqlite:
    """Runs the flow in a process on SQLite, with virtual time or with the machine's."""

    folder: Path
    time: VirtualTime | None

    async def history(self) -> str:
        settings = Settings(
            data=self.folder,
            jwt_secret=SecretStr(SECRET),
            functions=("tests.testing.workflows",),
            notary=False,
        )
        async with run_roles(settings, replaced=Replacements(time=self.time)) as process:
            run_id = await self._start(process)
            recorded: list[Recorded] = []

            async def ended() -> bool:
                if self.time is not None:
                    await self.time.step()
                stream = stream_name("test", "run", run_id)
                recorded[:] = await process.services.store.read(stream)
                return RUN.fold([one.event for one in recorded]).final

            await eventually(ended, within_s=10, every_s=0 if self.time else 0.02)
            return render_history(recorded)

    async def _start(self, process: Process) -> str:
        services = process.services
        if self.time is not None:
            await self.time.settle()
        else:
            await process.ready()
        read, faults = read_definition(document())
        assert faults == []
        new = NewDefinition(
            definition_id=services.new_id(), slug=read.slug or "", body=read.created()
        )
        created = await create_definition(services, USER, new, at=services.clock.now())
        run_id = services.new_id()
        request = RequestRun(
            run_id=run_id,
            definition=created.state,
            trigger=BY_HAND,
            actor=USER.actor,
            at=services.clock.now(),
            input={"total": 5},
        )
        await start_run(services, request)
        return run_id


@pytest.mark.parametrize("virtual", [True, False])
async def test_a_flow_has_the_same_history_on_sqlite(tmp_path: Path, *, virtual: bool) -> None:
    async with engine(workflows, definitions=[document()]) as baton:
        run = (await baton.run("orders", {"total": 5})).failed("BROKEN", step="broken")

    on_sqlite = OnSqlite(tmp_path, VirtualTime(1_760_000_000_000) if virtual else None)
    history = await on_sqlite.history()

    assert len(run.steps) == 8
    if virtual:
        assert history == run.history
    else:  # which takes a little longer
        assert _without_times(history) == _without_times(run.history)


def _without_times(history: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in history.splitlines()]
