"""Deliveries: each receiver gets its events once, signed, with the state as of the event."""

from dataclasses import replace

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from baton.domain.delivery.messages import DeliveryRequested
from baton.domain.ids import derived_id
from baton.domain.webhook.messages import DeleteWebhook, UpdateWebhook
from baton.projector.views.deliveries.view import Document as Delivery
from tests.kit.actors import ANN
from tests.kit.eventually import eventually
from tests.webhooks.receiver import receiving
from tests.webhooks.world import ALL, ENDS, SECRET, World


async def test_a_receiver_gets_each_event_it_wants_signed_and_as_of_the_event(
    world: World,
) -> None:
    async with receiving() as receiver, world.delivering():
        hook = await world.register(receiver.url, ALL)
        runs = [await world.complete(), await world.fail(), await world.cancel()]
        found = await world.eventually_all(hook, 10, "delivered")

    received = [one.verified(SECRET) for one in receiver.took]
    assert sorted((one["type"], one["data"]["run"]) for one in received) == sorted(
        [
            *[("workflow.execution.started", run) for run in runs],
            *[("task.execution.started", run) for run in runs],
            ("task.execution.completed", runs[0]),
            ("workflow.execution.completed", runs[0]),
            ("task.execution.failed", runs[1]),
            ("workflow.execution.failed", runs[1]),
            ("workflow.execution.cancelled", runs[2]),
        ][: len(received)]
    )
    assert {one["data"]["status"] for one in received if one["type"] == ENDS[0]} == {"completed"}
    assert {one["data"]["step"] for one in received if one["type"].startswith("task")} == {"a"}
    assert sorted(receiver.ids) == sorted(one.id for one in found)


async def test_only_events_behind_the_registration_are_delivered(world: World) -> None:
    async with receiving() as receiver, world.delivering():
        await world.complete()
        hook = await world.register(receiver.url)
        second = await world.complete()
        await world.eventually_all(hook, 1, "delivered")
        change = UpdateWebhook(
            url=receiver.url,
            events=("workflow.execution.failed",),
            secret_id=f"{hook}.1",
            retire_at=0,
            actor=ANN,
            at=world.clock.now(),
        )
        await world.on_webhook(hook, change)
        await world.complete()
        failed = await world.fail()
        await world.eventually_all(hook, 2, "delivered")

    assert [one.verified(SECRET)["data"]["run"] for one in receiver.took] == [second, failed]


async def test_a_tenant_without_webhooks_costs_no_append(world: World) -> None:
    async with receiving() as receiver, world.delivering():
        hook = await world.register(receiver.url, tenant="globex")
        await world.complete()
        await world.complete(tenant="globex")
        await eventually(lambda: receiver.took)

    requested = await world.recorded(DeliveryRequested)
    assert [(one.tenant, one.webhook_id) for one in requested] == [("globex", hook)]


async def test_a_repeated_log_makes_no_second_delivery(world: World) -> None:
    async with receiving() as receiver:
        hook = await world.register(receiver.url, ALL)
        async with world.delivering():
            await world.complete()
            await world.eventually_all(hook, 4, "delivered")
        before = len(await world.log())
        world.stores = replace(world.stores, checkpoints=Forgetful())
        async with world.delivering():
            last = await world.complete()
            await world.eventually_all(hook, 8, "delivered")

    assert len(receiver.ids) == len(set(receiver.ids)) == 8
    new = (await world.log())[before:]
    requested = [one.event for one in new if isinstance(one.event, DeliveryRequested)]
    assert {one.run_id for one in requested} == {last}


class Forgetful:
    """Checkpoints that hold nothing, as after a crash before the first save."""

    async def load(self, _name: str) -> int:
        return 0

    async def save(self, _name: str, _position: int) -> None:
        """Save nothing."""


async def test_a_delivery_has_an_id_of_its_registration_and_event(world: World) -> None:
    async with receiving() as receiver, world.delivering():
        hooks = [await world.register(receiver.url), await world.register(receiver.url)]
        run = await world.complete()
        for hook in hooks:
            await world.eventually_all(hook, 1, "delivered")

    log = [one for one in await world.log() if one.stream == f"acme/run/{run}"]
    expected = [derived_id(hook, log[-1].stream, str(log[-1].version)) for hook in hooks]
    assert sorted(receiver.ids) == sorted(expected)


async def test_both_secrets_sign_while_one_replaces_the_other(world: World) -> None:
    other = "whsec_" + "bm90IGEgc2VjcmV0IG9mIGFueWJvZHkh"
    async with receiving() as receiver, world.delivering():
        hook = await world.register(receiver.url)
        for retire_in_ms, ident in ((60_000, "2"), (-1, "3")):
            await world.stores.secrets.put("acme", f"{hook}.{ident}", other)
            now = world.clock.now()
            rotate = UpdateWebhook(
                url=receiver.url,
                events=ENDS,
                secret_id=f"{hook}.{ident}",
                retire_at=now + retire_in_ms,
                actor=ANN,
                at=now,
            )
            await world.on_webhook(hook, rotate)
            await world.complete()
            await eventually(lambda: len(receiver.took) == int(ident) - 1)  # noqa: B023

    first, second = receiver.took
    assert first.verified(SECRET) == first.verified(other)
    assert second.verified(other)
    with pytest.raises(WebhookVerificationError):
        second.verified(SECRET)


async def test_deliveries_of_a_deleted_webhook_are_given_up(world: World) -> None:
    world.backoff_ms = (60_000,)
    async with receiving(lambda _: 503) as receiver, world.delivering():
        hook = await world.register(receiver.url)
        await world.complete()

        async def failed() -> Delivery | None:
            return next((one for one in await world.deliveries(hook) if one.attempts), None)

        delivery = await eventually(failed)
        assert delivery is not None
        await world.on_webhook(hook, DeleteWebhook(actor=ANN, at=world.clock.now()))
        await world.redrive(delivery.id)
        (dead,) = await world.eventually_all(hook, 1, "dead")

    assert dead.last_error == "WEBHOOK_DELETED: the webhook was deleted"
    assert len(receiver.got) == 1
