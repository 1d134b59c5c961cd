"""Crashes at each step of a set of views, of the verb and of the server that runs beside it."""

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE
from contextlib import closing, suppress
from pathlib import Path

import pytest

from baton.backends.sqlite import BACKEND
from baton.domain.definition.graph import Compute, Graph
from baton.eventlog.failpoints import CRASHED
from baton.eventlog.ports.backend import StoreLocation
from baton.projector.sets.set_follower import compare_set
from tests.faults.in_process_stack import define, in_process, request_runs, wait_until_ended
from tests.faults.server import DiedAtStart, Installation
from tests.kit.eventually import eventually

RUNS = 30
VERB_S = 60.0


async def baton(installation: Installation, *words: str, failpoint: str = "") -> tuple[int, str]:
    """Run a verb of `baton views`; return its exit code and its output."""
    environment = {"BATON_FAILPOINT": failpoint} if failpoint else {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baton", "views", *words, "--data", str(installation.data)),
        cwd=installation.folder,
        env={**installation.own_environment, **environment},
        stdout=PIPE,
    )
    async with asyncio.timeout(VERB_S):
        out, _ = await process.communicate()
    return await process.wait(), out.decode()


async def crashed(installation: Installation, *words: str, at: str) -> None:
    """Run a verb that has to crash at a failpoint."""
    exit_code, out = await baton(installation, *words, failpoint=at)
    assert exit_code == CRASHED, (at, exit_code, out)


def rows(installation: Installation) -> dict[int, tuple[int, int | None]]:
    """Return epoch and compared position of every set."""
    with closing(sqlite3.connect(installation.data / "baton.db")) as store:
        found = store.execute(
            "SELECT number, epoch, compared_at FROM view_sets WHERE kind = 'views'"
        ).fetchall()
    return {number: (epoch, compared_at) for number, epoch, compared_at in found}


def expire_leases(installation: Installation) -> None:
    """Let the time pass after which the lease of a crashed process ends."""
    with closing(sqlite3.connect(installation.data / "baton.db")) as store, store:
        store.execute("UPDATE leases SET expires_at = 0 WHERE name LIKE 'views-%'")


@pytest.mark.timeout(180)
async def test_a_crash_at_any_step_of_a_set_is_finished_or_undone(tmp_path: Path) -> None:
    async with Installation(tmp_path) as installation:
        async with in_process(installation.data) as stack:
            one = await define(stack, "one", Graph(steps=(Compute(id="a", function="noop"),)))
            await request_runs(stack, [one] * RUNS)
            await wait_until_ended(stack, RUNS)
        await crash_verbs_that_build(installation)
        await crash_a_server_that_compares(installation)
        await crash_while_it_is_promoted(installation)
        await crash_a_server_that_switches_back(installation)
        await both_sets_are_equal(installation)


async def crash_verbs_that_build(installation: Installation) -> None:
    """Leave set 3 created and dropped except for its file, and set 4 partly folded."""
    await crashed(installation, "rebuild", at="set-begun")
    assert rows(installation) == {1: (1, None), 3: (0, None)}
    await crashed(installation, "drop", "3", at="in-drop")
    assert [*rows(installation)] == [1]
    assert (installation.data / "views-3.db").exists()
    await crashed(installation, "rebuild", at="after-handle")


async def crash_a_server_that_compares(installation: Installation) -> None:
    """Let a server take over set 4, and crash before it saves the result of its comparison."""
    expire_leases(installation)
    with suppress(DiedAtStart):
        await installation.start(BATON_FAILPOINT="set-compared")
        assert await installation.ended() == CRASHED
    assert rows(installation) == {1: (1, None), 4: (0, None)}
    assert not (installation.data / "views-3.db").exists()


async def crash_while_it_is_promoted(installation: Installation) -> None:
    """Crash the verb in the middle of a promotion, then behind it, and the server at its switch."""
    expire_leases(installation)
    await installation.start(BATON_FAILPOINT="before-switch")
    await eventually(lambda: rows(installation)[4][1] is not None, within_s=20)
    await crashed(installation, "promote", "4", at="before-promotion")
    assert rows(installation)[4][0] == 0
    await crashed(installation, "promote", "4", at="after-promotion")
    assert await installation.ended() == CRASHED
    assert rows(installation)[4][0] == 2


async def crash_a_server_that_switches_back(installation: Installation) -> None:
    """Start a server on the promoted set, and crash it when it has switched back."""
    expire_leases(installation)
    await installation.start(BATON_FAILPOINT="after-switch")
    assert (await baton(installation, "rollback"))[0] == 0
    assert await installation.ended() == CRASHED
    assert rows(installation)[1][0] == 3


async def both_sets_are_equal(installation: Installation) -> None:
    stores = await BACKEND.open(StoreLocation(secrets_keys=(), folder=installation.data))
    try:
        head = await stores.events.head()
        assert [one.checkpoint for one in await stores.view_sets.every()] == [head, head]
        assert await compare_set(stores, 4, await stores.view_sets.open(4)) == []
    finally:
        await stores.close()
