"""What `baton dev` leaves in its data folder for the other verbs: where it is, and a token.

The token may do everything for its tenant, so its file is for the owner's eyes alone. It stays when
`dev` ends: the next start on the same data takes it, too.
"""

import os
from pathlib import Path

_TOKEN, _URL = "token", "url"


def save(folder: Path, *, url: str, token: str) -> None:
    """Put both there."""
    _write_private(folder / _TOKEN, token)
    _write_private(folder / _URL, url)


def remove_url(folder: Path) -> None:
    """Nobody answers there any more."""
    (folder / _URL).unlink(missing_ok=True)


def read_token(folder: Path) -> str | None:
    """Return the token, if one was left."""
    return _read(folder / _TOKEN)


def read_url(folder: Path) -> str | None:
    """Return the address of a `dev` that did not say it was leaving."""
    return _read(folder / _URL)


def token_path(folder: Path) -> Path:
    """Return where the token is, from wherever one looks."""
    return (folder / _TOKEN).resolve()


def _write_private(path: Path, value: str) -> None:
    """Replace the file at once, so that no reader sees half of it or before its mode is set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{value}\n")
    new.replace(path)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
