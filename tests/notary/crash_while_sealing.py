"""Seals the store of a folder in steps, for a test that makes this process crash at a failpoint.

`python -m tests.notary.crash_while_sealing FOLDER`
"""

import asyncio
import sys
from pathlib import Path

from baton.eventlog.notary import tree_writer
from tests.notary.sealing import opened, seal


async def main(folder: Path) -> None:
    tree_writer.EVENTS_PER_SEAL = 300  # type: ignore[misc]
    async with opened("sqlite", folder) as stores:
        await seal(stores.leaves)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
