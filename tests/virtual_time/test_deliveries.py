"""Deliveries of webhooks under virtual time: retries of hours pass as the clock is moved."""

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
from baton.domain.definition.graph import Compute, Graph
from baton.domain.run.messages import RequestRun
from baton.domain.run.trigger import BY_HAND
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.role import Replacements
from baton.settings import Settings
from baton.wiring import run_roles
from tests.kit.clock import NOW
from tests.kit.definitions import body
from tests.kit.stack import SECRET
from tests.webhooks.receiver import Message, receiving

USER = Principal(subject="ada", tenant="acme")
GRAPH = Graph(steps=(Compute(id="only", function="noop"),))
HOUR_S = 3_600


async def test_a_delivery_is_tried_again_when_its_backoffs_have_passed(tmp_path: Path) -> None:
    time = VirtualTime(NOW)
    settings = Settings(
        data=tmp_path,
        store="memory:",
        jwt_secret=SecretStr(SECRET),
        webhooks_allow_private=True,
        webhook_backoff=(300.0, 2.0 * HOUR_S, HOUR_S),
        notary=False,
    )
    answers = iter((503, 500, 200))

    def answer(_message: Message) -> int:
        return next(answers)

    async with (
        receiving(answer) as receiver,
        run_roles(settings, replaced=Replacements(time=time)) as process,
    ):
        await time.settle()
        services = process.services
        hook = WebhookBody(url=receiver.url, events=("workflow.execution.completed",))
        await register_webhook(services, USER, services.new_id(), hook, at=NOW)
        new = NewDefinition(definition_id=services.new_id(), slug="orders", body=body(GRAPH))
        created = await create_definition(services, USER, new, at=NOW)
        request = RequestRun(
            run_id=services.new_id(),
            definition=created.state,
            trigger=BY_HAND,
            actor=USER.actor,
            at=NOW,
        )
        await start_run(services, request)
        await time.move_to(NOW + 24 * HOUR_S * 1_000)

    assert [int(one.timestamp) - NOW // 1_000 for one in receiver.got] == [0, 300, 300 + 2 * HOUR_S]
    assert len({one.id for one in receiver.got}) == 1
