"""`baton replay` as a process of its own."""

import asyncio
import sys
from asyncio.subprocess import PIPE

from tests.faults.server import Installation


async def replay(installation: Installation) -> tuple[int, str, str]:
    """Return what it exits with, and what it says on stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baton", "replay", "--data", str(installation.data)),
        cwd=installation.folder,
        env=installation.own_environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def views_equal_a_rebuild(installation: Installation) -> None:
    """Let it compare the views with what the events make of them."""
    exited, out, err = await replay(installation)
    assert exited == 0, (out, err)
