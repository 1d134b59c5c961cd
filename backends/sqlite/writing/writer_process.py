"""The process that writes to one SQLite file, so that commits never wait for the interpreter.

Started as a script with the standard library alone: `writer_process.py SOCKET FILE SYNCHRONOUS`. A
request is a list of (statement, values), run in one transaction; the answer is for each its rows
and the last row id, or the kind and words of an error. Both are marshalled, behind their length. It
ends when the other end of the socket is closed, whatever that process died of.
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
"""("ok", results) or (the error's class, its words)."""

BUSY_TIMEOUT_S = 5.0
CACHED_STATEMENTS = 16  # one of 2,000 rows takes half a megabyte


def main(number: int, path: str, synchronous: str) -> None:
    """Answer requests that come by the socket of this `number` until it is closed."""
    for ignored in (signal.SIGINT, signal.SIGTERM):  # meant for the process that asks
        signal.signal(ignored, signal.SIG_IGN)
    connection: sqlite3.Connection | None = None
    # The one that asks may end at any moment, also while it is being answered.
    with socket.socket(fileno=number) as asked, suppress(ConnectionError):
        stream = asked.makefile("rb")
        while (request := _request(stream)) is not None:
            try:
                connection = connection or open_connection(path, synchronous)
                answer: Answer = ("ok", run(connection, request))
            except Exception as error:  # noqa: BLE001 - the asker is told
                answer = (type(error).__name__, str(error))
            data = marshal.dumps(answer)
            asked.sendall(LENGTH.pack(len(data)) + data)
    if connection is not None:
        connection.close()


def open_connection(path: str, synchronous: str) -> sqlite3.Connection:
    """Return a connection with a write-ahead log; FULL is durable, NORMAL may lose its end."""
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
    """Run all of `statements` or none; one alone is a transaction without being told."""
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


def _request(stream: BinaryIO) -> Statements | None:
    """Return the next request, None at the end; one that breaks off was never made."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        return None
    request: Statements = marshal.loads(data)  # noqa: S302 - both ends are this program
    return request


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
