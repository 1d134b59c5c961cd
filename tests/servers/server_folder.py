"""Data folders of local servers, in memory where possible, and cleaned up after killed tests.

A killed test process can't remove its folders. Each folder therefore holds a lock file, which its
process keeps locked; making a folder removes all folders whose lock is free.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PREFIX = "baton-server-"
LOCK_FILE = "owner.lock"

_locks: dict[Path, IO[bytes]] = {}


def make_server_folder(name: str, *, needed_bytes: int, on_disk: bool = False) -> Path:
    """Return a new folder, which the caller removes by `remove_server_folder`.

    Args:
        name: The server's name, part of the folder's name.
        needed_bytes: Free memory without which the folder is made on disk.
        on_disk: Make it on disk in any case.
    """
    memory = None if on_disk else _memory_folder(needed_bytes)
    parent = memory or Path(tempfile.gettempdir())
    with _exclusive(parent):
        _remove_abandoned(parent)
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-", dir=parent))
        lock = (folder / LOCK_FILE).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        _locks[folder] = lock
    return folder


def remove_server_folder(folder: Path) -> None:
    """Remove the folder of a server that has ended."""
    shutil.rmtree(folder, ignore_errors=True)
    if lock := _locks.pop(folder, None):
        lock.close()


def _memory_folder(needed_bytes: int) -> Path | None:
    """Return a folder in shared memory, which survives a killed server but needs no disk.

    Returns None if there is none with `needed_bytes` free.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        return None
    return memory if shutil.disk_usage(memory).free >= needed_bytes else None


@contextmanager
def _exclusive(parent: Path) -> Iterator[None]:
    """Let one process at a time make and remove folders in `parent`."""
    with (parent / f"{PREFIX}{os.geteuid()}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_abandoned(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*/{LOCK_FILE}"):
        try:
            with path.open("rb+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.parent, ignore_errors=True)
        except OSError:  # locked by its owner, or removed meanwhile
            continue
