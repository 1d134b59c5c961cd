"""The virtual time of `baton dev`: where it begins."""

from pathlib import Path

from baton.cli.services.virtual_time import virtual_time_of
from baton.domain.run.messages.run_events import RunStarted
from baton.domain.stream import stream_name
from baton.eventlog.clock import SystemClock
from baton.eventlog.events.envelope import Write
from tests.backends.memory import open_stores


async def test_time_never_goes_back_in_one_store(tmp_path: Path) -> None:
    stores, before = await open_stores(tmp_path), SystemClock().now()
    empty = (await virtual_time_of(stores)).clock.now()
    for year in (2020, 2099):
        event = RunStarted(at=(year - 1970) * 365 * 86_400_000)
        stream = stream_name("acme", "run", str(year))
        await stores.events.append([Write(stream=stream, expected=0, events=[event])])
    after = (await virtual_time_of(stores)).clock.now()
    await stores.close()

    assert before <= empty <= SystemClock().now()
    assert after == (2099 - 1970) * 365 * 86_400_000
