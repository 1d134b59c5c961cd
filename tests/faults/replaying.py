"""Runs `baton replay` as a process of its own."""

import asyncio
import sys
from asyncio.subprocess import PIPE

from tests.faults.server import Installation

REPLAY_S = 120.0


async def replay(installation: Installation) -> tuple[int, str, str]:
    """Return the exit code of `baton replay`, and its output to stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baton", "replay", "--data", str(installation.data)),
        cwd=installation.folder,
        env=installation.own_environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(REPLAY_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def views_equal_a_rebuild(installation: Installation) -> None:
    """Compare the views with a rebuild from the events."""
    exit_code, out, err = await replay(installation)
    assert exit_code == 0, (out, err)
