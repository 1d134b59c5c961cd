"""An engine on a real store: the same histories as in memory, and data that stay."""

from pathlib import Path

import pytest

from baton.testing import engine
from tests.conformance.deployments import deployments, settings_of
from tests.testing import workflows
from tests.testing.workflows import ORDERS, fulfill

STORES = sorted({"sqlite", "postgres"} & deployments().keys())


async def course(url: str) -> str:
    """Return the history of a run with a late carrier, three hours of rest and a crash."""
    async with engine(workflows, definitions=[ORDERS], url=url) as baton:
        carrier = baton.stub(fulfill, raises=ConnectionError, then=[{"parcel": "p-1"}], takes="20s")
        run = await baton.start("orders", {"total": 59})
        await baton.clock.advance("5s")
        await baton.crash()
        (await run.wait()).completed()

        assert len({one.idempotency_key for one in carrier.calls}) == 1
        return run.history


@pytest.mark.parametrize("store", STORES)
async def test_a_run_takes_the_same_course_on_a_real_store(store: str, tmp_path: Path) -> None:
    url = (await settings_of(store, tmp_path)).get("store") or f"sqlite:///{tmp_path / 'baton.db'}"

    assert await course(url) == await course("memory:")
    with pytest.raises(ValueError, match="needs an empty store"):
        await course(url)
