"""Folders and files that only their owner can read, whatever the umask of the process."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

DATA_FOLDER: Final = ".baton"
"""The usual name of a data folder, which is nearly always inside a repository."""

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def make_folder(path: Path) -> None:
    """Create a data folder if it is missing, and keep its content out of repositories.

    An existing folder with another name than the usual one may hold other files, so its
    permissions and its .gitignore stay as they are. Raises OSError.
    """
    new = not path.exists()
    path.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    ignore = path / ".gitignore"
    if (new or path.name == DATA_FOLDER) and not ignore.exists():
        ignore.write_text("*\n")


def make_file(path: Path) -> None:
    """Create an empty file if it is missing; remove other users' access to an existing one.

    SQLite gives the files beside a database the permissions of the database. Raises OSError.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE))
    mode = path.stat().st_mode
    if mode & _OTHERS:
        with suppress(PermissionError):
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def open_new(path: Path) -> int:
    """Create or empty a file and return a descriptor that writes to it; raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _FILE_MODE)
    with suppress(PermissionError):
        os.fchmod(handle, _FILE_MODE)
    return handle
