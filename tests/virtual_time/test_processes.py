"""Processes under virtual time: deliveries of webhooks follow it, also after a restart."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from baton.command_api.commands import (
    NewDefinition,
    WebhookBody,
    create_definition,
    register_webhook,
    start_run,
)
from baton.command_api.principal import Principal
from baton.domain.definition.graph import Delay, Graph
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.messages.step_events import DelayElapsed
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.process import Process
from baton.role import Replacements
from baton.settings import Settings
from baton.wiring import run_roles
from tests.kit.clock import NOW
from tests.kit.definitions import body, compute, sequence
from tests.kit.stack import SECRET
from tests.webhooks.receiver import Message, receiving

USER = Principal(subject="ada", tenant="acme")
HOUR_MS = 3_600_000
DELAYED = Graph(steps=(Delay(id="nap", delay_ms=3 * HOUR_MS),))


@asynccontextmanager
async def running(folder: Path, time: VirtualTime) -> AsyncIterator[Process]:
    settings = Settings(
        data=folder,
        jwt_secret=SecretStr(SECRET),
        webhooks_allow_private=True,
        webhook_backoff=(300.0, 7_200.0, 3_600.0),
        notary=False,
    )
    async with run_roles(settings, replaced=Replacements(time=time)) as process:
        await time.settle()
        yield process


async def start(process: Process, graph: Graph) -> str:
    """Create a definition, start a run of it, and return its stream."""
    services = process.services
    now, run_id = services.clock.now(), services.new_id()
    new = NewDefinition(definition_id=services.new_id(), slug=f"of-{run_id}", body=body(graph))
    created = await create_definition(services, USER, new, at=now)
    request = RequestRun(
        run_id=run_id, definition=created.state, trigger=BY_HAND, actor=USER.actor, at=now
    )
    await start_run(services, request)
    return stream_name("acme", "run", run_id)


def answers(*statuses: int) -> Iterator[int]:
    yield from statuses


async def test_deliveries_and_delays_keep_their_times_over_a_restart(tmp_path: Path) -> None:
    """The first process ends when one retry was made, another is due in hours, and a run rests."""
    time, statuses = VirtualTime(NOW), answers(503, 500, 200)

    def answer(_message: Message) -> int:
        return next(statuses)

    async with receiving(answer) as receiver:
        async with running(tmp_path, time) as process:
            services = process.services
            hook = WebhookBody(url=receiver.url, events=("workflow.execution.completed",))
            await register_webhook(services, USER, services.new_id(), hook, at=NOW)
            await start(process, sequence(compute("only", function="noop")))
            await time.move_to(NOW + 400_000)
            stream = await start(process, DELAYED)
            await time.settle()
        after = VirtualTime(time.clock.now())
        async with running(tmp_path, after) as process:
            await after.move_to(NOW + 3 * HOUR_MS)
            sent = list(receiver.got)
            await after.move_to(NOW + 24 * HOUR_MS)
            history = await process.services.store.read(stream)

    first_s = NOW // 1_000
    assert [int(one.timestamp) - first_s for one in sent] == [0, 300, 300 + 7_200]
    assert len({one.id for one in sent}) == 1
    elapsed = [one.event.at for one in history if isinstance(one.event, DelayElapsed)]
    assert elapsed == [NOW + 400_000 + 3 * HOUR_MS]
