"""The process that derives the leaves of a SQLite file, so that hashing doesn't slow the engine.

`python -m baton.backends.sqlite.leaves.process SOCKET FILE` answers requests as the writer process
does. A request is (position, number of events), and the answer holds the members of `Derived`.
"""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from baton.backends.sqlite.database import open_reader
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.leaves.rows import LeafRows
from baton.backends.sqlite.writing.writer_process import Answer, next_request, send
from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.derivation import Derivation
from baton.eventlog.ports.audit.leaf_store import TreeBroken

NICE: Final = 5
"""The niceness of the process: if processors are scarce, all other processes go first."""


def main(number: int, path: Path) -> None:
    """Answer the requests of a socket, given by its file descriptor, until it is closed."""
    # The other process handles these signals and then closes the socket.
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    os.nice(NICE)
    with (
        socket.socket(fileno=number) as connected,
        asyncio.Runner() as runner,
        # The other process may end at any moment, even during an answer.
        suppress(ConnectionError),
    ):
        stream = connected.makefile("rb")
        derivation: Derivation | None = None
        while (request := next_request(stream)) is not None:
            after, limit = request
            try:
                derivation = derivation or _derivation(path)
                derived = runner.run(derivation.derive(after=after, limit=limit))
                answer: Answer = ("ok", tuple(derived))
            except (TreeBroken, Unavailable) as error:
                answer = (type(error).__name__, str(error))
            send(connected, answer)


def _derivation(path: Path) -> Derivation:
    with as_unavailable(path):
        return Derivation(LeafRows(open_reader(path)))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
