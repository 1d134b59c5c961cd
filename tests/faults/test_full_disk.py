"""A full disk: commands are refused, nothing is half done, and work continues once there is space.

The test limits the file size of Baton's processes, so that each write to the store, the views and
the log fails.
"""

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults import checkers
from tests.faults.driver import Driver, driving
from tests.faults.event_log import read_log, runs_of
from tests.faults.history import Operation, acknowledged
from tests.faults.nemesis import unfinished_work
from tests.faults.quiescence import wait_until_all_ended
from tests.faults.replaying import views_equal_a_rebuild
from tests.faults.server import Installation
from tests.faults.workloads import THREE_STEPS_NEEDS, WITHOUT_FILES

RUNS = 30
STEP_S = 0.4


@contextmanager
def full_disk(installation: Installation) -> Iterator[None]:
    """Make every write behind the first byte of a file fail until the block ends."""
    before = resource.prlimit(installation.running.pid, resource.RLIMIT_FSIZE)
    _limit_files(installation, (1, before[1]))
    try:
        yield
    finally:
        _limit_files(installation, before)


def _limit_files(installation: Installation, limit: tuple[int, int]) -> None:
    """Limit the server first, because a writer that it starts meanwhile has the server's limit."""
    resource.prlimit(installation.running.pid, resource.RLIMIT_FSIZE, limit)
    for pid in installation.writers:
        with suppress(ProcessLookupError):  # the writer of a file that the server has given up
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)


@pytest.mark.timeout(180)
async def test_a_full_disk_refuses_commands_and_delays_runs_until_there_is_space(
    tmp_path: Path,
) -> None:
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        definition = await driver.create(WITHOUT_FILES)
        operations = await driver.start(definition, _inputs("before", RUNS))
        assert {one.status for one in operations} == {201}
        with full_disk(installation):
            refused = await driver.start(definition, _inputs("at-first", 1))
            position = read_log(installation.data)[-1].position
            refused += await refused_for_long(driver, definition)
            held = read_log(installation.data)
        assert {one.status for one in refused} == {503}
        assert held[-1].position == position
        assert unfinished_work(held).steps > 0
        again = await driver.start(definition, _inputs("after", RUNS))
        assert {one.status for one in again} == {201}
        await wait_until_all_ended(driver)
        assert await installation.stop() == 0
    _check(installation, definition, [*operations, *refused, *again])
    await views_equal_a_rebuild(installation)


def _inputs(name: str, runs: int) -> dict[str, object]:
    return {f"{name}-{index}": {"seconds": STEP_S} for index in range(runs)}


async def refused_for_long(driver: Driver[Installation], definition: str) -> list[Operation]:
    """Request runs, which are refused, until every running function has ended."""
    refused: list[Operation] = []
    end = time.monotonic() + 3 * STEP_S
    while time.monotonic() < end:
        refused += await driver.start(definition, _inputs(f"meanwhile-{len(refused)}", 2))
    return refused


def _check(installation: Installation, definition: str, operations: list[Operation]) -> None:
    log = read_log(installation.data)
    needs = {definition: THREE_STEPS_NEEDS}
    attempts = {one.data["attempt"] for one in log if one.name == "StepStarted"}
    assert attempts == {1}, "an outcome that waited for space was lost"
    violations = [
        *checkers.broken_invariants(log),
        *checkers.acknowledged_runs_are_logged(log, operations),
        *checkers.runs_ended(log, "completed"),
        *checkers.every_step_succeeded(log, needs),
    ]
    assert violations == []
    assert set(runs_of(log)) == acknowledged(operations), "a refused run is in the log"
    for name in ("baton.db", "views-1.db"):
        with closing(sqlite3.connect(installation.data / name)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
