"""Anchors: places outside the store that keep tree heads, so that a truncated log is noticed."""

import asyncio
import os
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from baton.eventlog.ports.audit.leaf_store import SealedHead
from baton.protocols.loopback import is_loopback

FILE: Final = "file:"
_DASH: Final = "— ".encode()


class Anchor(Protocol):
    """Keeps heads outside the store."""

    async def put(self, head: SealedHead) -> None:
        """Keep a head; raises OSError, `Unavailable` and `Unwritable`."""
        ...


class FileAnchor:
    """Appends the notes of heads to a file, which is best on another machine or append-only.

    The notes follow each other without separators.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, head: SealedHead) -> None:
        """Append the note of a head; durable when it returns. Raises OSError."""
        await asyncio.to_thread(self._append, head.note)

    def _append(self, note: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        handle = os.open(self._path, flags, 0o600)
        try:
            os.write(handle, note)
            os.fsync(handle)
        finally:
            os.close(handle)


def check_address(address: str) -> None:
    """Raise ValueError unless an anchor can have an address: `file:PATH`, or `https://…`.

    `http:` is accepted for this machine.
    """
    if path_of(address) is not None:
        return
    parts = urlsplit(address)
    host = parts.hostname or ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise ValueError("must be file:PATH or an https:// address")


def path_of(address: str) -> Path | None:
    """Return the path of a `file:` address, None for any other address."""
    path = address.removeprefix(FILE)
    return None if path == address or not path else Path(path)


def last_note(data: bytes) -> bytes:
    """Return the last note of a file of notes, which may hold a single one."""
    lines = data.splitlines(keepends=True)
    end = len(lines)
    while end and lines[end - 1].startswith(_DASH):
        end -= 1
    while end and not lines[end - 1].startswith(_DASH):
        end -= 1
    return b"".join(lines[end:])
