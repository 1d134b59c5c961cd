"""A scheduler of its own on PostgreSQL reads the events of runs only while a webhook is active."""

from pathlib import Path

from baton.backend_choice import backend_of
from baton.domain.delivery.messages import DeliveryRequested
from baton.eventlog.ports.backend import StoreLocation
from baton.scheduler.deliveries.deliveries import FOLLOWED_EVENTS
from tests.kit.eventually import eventually
from tests.servers.postgres import database_for
from tests.webhooks.receiver import receiving
from tests.webhooks.world import SECRET, new_world


async def test_it_follows_the_events_of_runs_from_the_first_registration_on(
    tmp_path: Path,
) -> None:
    url = await database_for(tmp_path)
    keys = (b"a key for tests, 32 bytes long..",)
    location = StoreLocation(secrets_keys=keys, url=url, followed=FOLLOWED_EVENTS)
    await backend_of(url).migrate(location)
    async with (
        new_world(await backend_of(url).open(location)) as world,
        receiving() as receiver,
        world.delivering(),
    ):
        assert world.stores.whole_log is not None
        await world.complete()
        hook = await world.register(receiver.url)
        run = await world.complete()
        await eventually(lambda: receiver.took)
        (delivery,) = await world.eventually_all(hook, 1, "delivered")
        requested = await world.recorded(DeliveryRequested)

    assert receiver.took[0].verified(SECRET)["data"]["run"] == run
    assert [one.run_id for one in requested] == [delivery.run_id] == [run]
