"""Followers of the log under virtual time: they read on while there may be more events."""

from pathlib import Path

import pytest

from baton.domain.run.messages.step_events import DelayStarted
from baton.eventlog import feed
from baton.eventlog.virtual_time.activity import Activity
from baton.eventlog.virtual_time.counted_stores import counted_stores
from tests.backends.memory import open_stores
from tests.conformance.deployments import appended, write


async def test_a_full_batch_whose_events_are_left_out_is_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "RECENT_BYTES", 1)
    activity = Activity()
    stores = counted_stores(await open_stores(tmp_path), activity)
    await appended(stores, write("r1", 0, *range(feed.MAX_EVENTS + 1)))
    subscription = await stores.log.subscribe("delays", after=0, classes=frozenset((DelayStarted,)))
    before = activity.changes

    assert [one.position for one in await subscription.next()] == [feed.MAX_EVENTS]
    assert activity.changes == before + 1
    assert [one.position for one in await subscription.next()] == [feed.MAX_EVENTS + 1]
    assert activity.changes == before + 1
