"""Deliveries that ended long ago are deleted from the views page by page; their events stay."""

import pytest

from baton.domain.delivery.messages import DeliveryForgotten, DeliveryRequested
from baton.domain.errors import NotFound
from baton.scheduler.deliveries import forget_deliveries
from baton.scheduler.deliveries.forget_deliveries import Forgetting
from tests.kit.eventually import eventually
from tests.webhooks.receiver import Message, receiving
from tests.webhooks.world import World

HOUR_MS = 3_600_000


async def test_delivered_and_dead_ones_are_forgotten_after_the_retention_and_pending_ones_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forget_deliveries, "PAGE_SIZE", 2)
    monkeypatch.setattr(forget_deliveries, "PAUSE_MS", 10)
    statuses = iter([200, 200, 200, 500, 500, 500])

    def answer(_: Message) -> int:
        return next(statuses, 503)

    async with receiving(answer) as receiver:
        async with world.delivering(backoff_ms=(10, 10)):
            hook = await world.register(receiver.url)
            for ended in range(4):
                await world.complete()
                await world.eventually_all(hook, ended + 1, "delivered", "dead")
        async with world.delivering(backoff_ms=(HOUR_MS,)):
            await world.complete()
            await eventually(lambda: len(receiver.got) == 7)
            (pending,) = await world.eventually_all(hook, 1, "pending")
        (dead,) = await world.deliveries(hook, "dead")
        kept = Forgetting(world.stores, retention_ms=HOUR_MS, clock=world.clock)
        assert await kept.forget_page() == 0
        assert len(await world.deliveries(hook)) == 5

        async with world.delivering(retention_ms=1, backoff_ms=(HOUR_MS,)):

            async def only_the_pending_one_is_left() -> bool:
                return [one.id for one in await world.deliveries(hook)] == [pending.id]

            await eventually(only_the_pending_one_is_left)

    assert len(await world.recorded(DeliveryForgotten)) == 4
    assert len(await world.recorded(DeliveryRequested)) == 5
    with pytest.raises(NotFound):
        await world.redrive(dead.id)
