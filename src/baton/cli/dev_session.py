"""The session files of `baton dev`: its address and a token, stored in the data folder.

Other verbs read them. The token grants every operation of its tenant, so only the owner can read
its file. It stays valid after `dev` ends: the next start on the same folder accepts it.
"""

import os
from pathlib import Path

from baton.eventlog.private_files import make_folder, open_new

_TOKEN, _URL = "token", "url"


def save(folder: Path, *, url: str, token: str) -> None:
    """Write the address and the token."""
    _write_private(folder / _TOKEN, token)
    _write_private(folder / _URL, url)


def remove_url(folder: Path) -> None:
    """Remove the address: the server no longer listens there."""
    (folder / _URL).unlink(missing_ok=True)


def read_token(folder: Path) -> str | None:
    """Return the token, None if there is none."""
    return _read(folder / _TOKEN)


def read_url(folder: Path) -> str | None:
    """Return the address of the running `dev`, or of a killed one; None if there is none."""
    return _read(folder / _URL)


def token_path(folder: Path) -> Path:
    """Return the absolute path of the token's file."""
    return (folder / _TOKEN).resolve()


def _write_private(path: Path, value: str) -> None:
    """Replace the file atomically: no reader sees a partial file, or one that others can read."""
    make_folder(path.parent)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(open_new(new), "w") as file:
        file.write(f"{value}\n")
    new.replace(path)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
