"""The process that writes to a SQLite file, so that commits never wait for the interpreter lock.

It is a script that needs only the standard library: `writer_process.py SOCKET FILE SYNCHRONOUS`. A
request is a list of (statement, values), which run in one transaction. The answer holds each
statement's rows and last row id, or the class and message of an error. Both are marshalled, with
their length before them. The process ends when the other end of the socket is closed, in whichever
way the process there ended.
"""

import marshal
import signal
import socket
import sqlite3
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO

LENGTH = struct.Struct(">Q")

Value = str | int | bytes | None
Statements = Sequence[tuple[str, Sequence[Value]]]
Result = tuple[list[tuple[Any, ...]], int | None]
Answer = tuple[str, Any]
"""("ok", results) or (class of the error, its message)."""

BUSY_TIMEOUT_S = 5.0
CHECKPOINT_TIMEOUT_MS = 1_000
"""The time that the last checkpoint waits for readers, such as an export, in ms."""
CACHED_STATEMENTS = 16
"""The number of prepared statements of the connection; one for 2,000 rows takes half a megabyte."""


def main(number: int, path: str, synchronous: str) -> None:
    """Answer the requests of a socket, given by its file descriptor, until it is closed."""
    # The other process handles these signals and then closes the socket.
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    connection: sqlite3.Connection | None = None
    # The other process may end at any moment, even during an answer.
    with socket.socket(fileno=number) as connected, suppress(ConnectionError):
        stream = connected.makefile("rb")
        while (request := next_request(stream)) is not None:
            try:
                connection = connection or open_connection(path, synchronous)
                answer: Answer = ("ok", run(connection, request))
            except Exception as error:  # noqa: BLE001 - the other process raises it
                answer = (type(error).__name__, _message(error, path))
            send(connected, answer)
    if connection is not None:
        _finish(connection)


def _finish(connection: sqlite3.Connection) -> None:
    """Move everything into the one file, so that a copy of it is complete, and close it."""
    with suppress(sqlite3.Error):
        connection.execute(f"PRAGMA busy_timeout = {CHECKPOINT_TIMEOUT_MS}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _message(error: Exception, path: str) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    damaged = code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
    return f"{path} is damaged ({error})" if damaged else str(error)


def open_connection(path: str, synchronous: str) -> sqlite3.Connection:
    """Return a connection with a write-ahead log.

    With `synchronous` FULL commits are durable; with NORMAL a crash of the machine may undo the
    newest ones.
    """
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        cached_statements=CACHED_STATEMENTS,
    )
    for setting in (
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "wal_autocheckpoint = 2000",
        "journal_size_limit = 67108864",
        "cache_size = -32768",
    ):
        connection.execute(f"PRAGMA {setting}")
    return connection


def run(connection: sqlite3.Connection, statements: Statements) -> list[Result]:
    """Run all of `statements` or none; a single statement needs no explicit transaction."""
    if len(statements) == 1:
        return [_result(connection, *statements[0])]
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [_result(connection, *statement) for statement in statements]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results


def _result(connection: sqlite3.Connection, statement: str, values: Sequence[Value]) -> Result:
    cursor = connection.execute(statement, values)
    return cursor.fetchall(), cursor.lastrowid


def send(connected: socket.socket, answer: Answer) -> None:
    """Send an answer; raises ConnectionError."""
    data = marshal.dumps(answer)
    connected.sendall(LENGTH.pack(len(data)) + data)


def next_request(stream: BinaryIO) -> Any | None:
    """Return the next request; None at the end of the stream or for an incomplete request."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        return None
    return marshal.loads(data)  # noqa: S302 - both ends are this program


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
