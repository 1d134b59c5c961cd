"""Receivers that fail: retries, dead letters, redriving, and the delay of other receivers."""

import asyncio
import time

from aiohttp import web

from baton.domain.webhook.messages import WebhookDisabled
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient
from tests.kit.eventually import eventually
from tests.webhooks.receiver import Message, always, receiving
from tests.webhooks.world import ALL, SECRET, World


async def test_a_failed_delivery_is_retried_with_the_same_id_and_body(world: World) -> None:
    async with receiving(always(503)) as receiver, world.delivering():
        hook = await world.register(receiver.url)
        await world.complete()
        await eventually(lambda: len(receiver.got) == 2)
        receiver.answer = always(204)
        (delivered,) = await world.eventually_all(hook, 1, "delivered")

    assert {(one.id, one.raw) for one in receiver.got} == {(delivered.id, receiver.got[0].raw)}
    assert receiver.got[-1].verified(SECRET)
    assert (delivered.attempts, delivered.last_status) == (3, 204)


async def test_a_delivery_that_stays_unwanted_is_dead_until_it_is_redriven(world: World) -> None:
    async with receiving(always(500)) as receiver, world.delivering():
        hook = await world.register(receiver.url)
        await world.complete()
        (dead,) = await world.eventually_all(hook, 1, "dead")
        receiver.answer = always()
        await world.redrive(dead.id)
        (delivered,) = await world.eventually_all(hook, 1, "delivered")

    assert (dead.attempts, dead.last_error) == (3, "HTTP_500: the receiver refused the delivery")
    assert (delivered.id, delivered.attempts) == (dead.id, 4)


async def test_a_redirect_is_a_failure_and_is_not_followed(world: World) -> None:
    moved = web.Response(status=302, headers={"Location": "/elsewhere"})
    async with receiving(lambda _: _copy(moved)) as receiver, world.delivering():
        hook = await world.register(receiver.url)
        await world.complete()
        (dead,) = await world.eventually_all(hook, 1, "dead")

    assert len(receiver.got) == 3
    assert dead.last_status == 302


async def test_a_receiver_that_is_gone_is_disabled_at_once(world: World) -> None:
    async with receiving(always(410)) as receiver, world.delivering():
        hook = await world.register(receiver.url)
        await world.complete()
        (dead,) = await world.eventually_all(hook, 1, "dead")
        await eventually(lambda: world.recorded(WebhookDisabled))
        await world.complete()

    assert (dead.attempts, len(receiver.got)) == (1, 1)


async def test_a_private_address_is_refused_when_the_socket_opens(world: World) -> None:
    strict = HttpClient(AddressPolicy(setting="BATON_WEBHOOKS_ALLOW_PRIVATE"))
    async with receiving() as receiver, world.delivering(client=strict):
        hook = await world.register(receiver.url)
        await world.complete()
        (dead,) = await world.eventually_all(hook, 1, "dead")
    await strict.close()

    assert dead.last_error is not None
    assert dead.last_error.startswith("blocked_address: ")
    assert dead.last_error.endswith("BATON_WEBHOOKS_ALLOW_PRIVATE=true permits it")
    assert receiver.got == []


async def test_retry_after_puts_off_the_next_attempt(world: World) -> None:
    busy = web.Response(status=429, headers={"Retry-After": "120"})
    async with receiving(lambda _: _copy(busy)) as receiver, world.delivering():
        hook = await world.register(receiver.url)
        await world.complete()
        await eventually(lambda: receiver.got)

        async def put_off() -> bool:
            (delivery,) = await world.deliveries(hook)
            return delivery.attempts == 1

        await eventually(put_off)
        (delivery,) = await world.deliveries(hook)

    assert delivery.due_at is not None
    assert 119_000 < delivery.due_at - delivery.updated_at <= 120_000


async def test_a_receiver_that_never_answers_delays_no_other(world: World) -> None:
    never = asyncio.Event()

    async def hang(_: Message) -> int:
        await never.wait()
        return 200

    async with receiving(hang) as silent, receiving() as good, world.delivering():
        await world.register(silent.url, ALL)
        hook = await world.register(good.url, ALL)
        began = time.monotonic()
        for _ in range(30):
            await world.complete()
        await world.eventually_all(hook, 120, "delivered")
        took, asked = time.monotonic() - began, len(silent.got)
        never.set()

    assert asked == 20
    assert took < 10


async def test_ordered_deliveries_of_a_run_keep_their_order(world: World) -> None:
    refused: set[str] = set()

    def refuse_once(message: Message) -> int:
        if message.id in refused:
            return 200
        refused.add(message.id)
        return 503

    async with receiving(refuse_once) as receiver, world.delivering():
        hook = await world.register(receiver.url, ALL, ordered=True)
        runs = [await world.complete() for _ in range(5)]
        await world.eventually_all(hook, 20, "delivered")

    for run in runs:
        received = [one.verified(SECRET) for one in receiver.took]
        types = [one["type"] for one in received if one["data"]["run"] == run]
        assert types == [
            "workflow.execution.started",
            "task.execution.started",
            "task.execution.completed",
            "workflow.execution.completed",
        ]


async def test_the_order_is_kept_over_a_restart(world: World) -> None:
    world.backoff_ms = (1_500,) * 5
    async with receiving(always(503)) as receiver:
        async with world.delivering():
            hook = await world.register(receiver.url, ALL, ordered=True)
            await world.complete()
            await eventually(lambda: receiver.got)
            await world.eventually_all(hook, 4, "pending")
        receiver.answer = always()
        async with world.delivering():
            await world.eventually_all(hook, 4, "delivered")

    types = [one.verified(SECRET)["type"] for one in receiver.took]
    assert types == [
        "workflow.execution.started",
        "task.execution.started",
        "task.execution.completed",
        "workflow.execution.completed",
    ]


async def test_pending_deliveries_survive_a_restart(world: World) -> None:
    world.backoff_ms = (200, 200)
    async with receiving(always(503)) as receiver:
        async with world.delivering():
            hook = await world.register(receiver.url)
            for _ in range(3):
                await world.complete()
            await world.eventually_all(hook, 3, "pending")
            await eventually(lambda: len(receiver.got) >= 3)
        receiver.answer = always()
        async with world.delivering():
            found = await world.eventually_all(hook, 3, "delivered")

    assert sorted(receiver.ids) == sorted(one.id for one in found)


def _copy(response: web.Response) -> web.Response:
    return web.Response(status=response.status, headers=response.headers)
