"""Checks of option values; each raises BadParameter, which is exit code 2."""

import os
import re
import stat
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import typer

from baton.cli.terminal.statuses import STATUSES

_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
MAX_KEY: Final = 255
"""Characters of an idempotency key."""
STDIN: Final = Path("-")
_MAX_NEIGHBOURS: Final = 1_000
"""The names of a folder that are compared with the name of a missing file."""


def check_tenant(text: str | None) -> str | None:
    """Return `text` if it can name a tenant."""
    if text is not None and _TENANT.fullmatch(text) is None:
        raise typer.BadParameter("write 1 to 63 of a-z, 0-9 and -, beginning with no -")
    return text


def check_tenants(names: list[str]) -> list[str]:
    """Return `names` if each can name a tenant."""
    for name in names:
        check_tenant(name)
    return names


def check_url(text: str | None) -> str | None:
    """Return `text` if it is the address of a server."""
    if text is not None and not is_server_address(text):
        raise typer.BadParameter(f"{text!r} is not the address of a server: write http://HOST:PORT")
    return text


def check_token(text: str | None) -> str | None:
    """Return `text` if a header can hold it; the value is a secret and isn't shown."""
    if text is not None and not is_header_word(text):
        raise typer.BadParameter("a token is printable ASCII without blanks")
    return text


def check_key(text: str | None) -> str | None:
    """Return `text` if it can be an idempotency key."""
    if text is None or (0 < len(text) <= MAX_KEY and text.isascii() and text.isprintable()):
        return text
    raise typer.BadParameter(f"write 1 to {MAX_KEY} printable ASCII characters")


def check_new_file(path: Path | None) -> Path | None:
    """Return `path` if its folder exists."""
    if path is not None and not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}")
    return path


def check_file(path: Path | None) -> Path | None:
    """Return `path` if it is a file that can be read."""
    fault = None if path is None else file_fault(path)
    if fault is not None:
        raise typer.BadParameter(fault)
    return path


def check_input(path: Path | None) -> Path | None:
    """Return `path` if it is `STDIN` or a file that can be read."""
    return path if path == STDIN else check_file(path)


def file_fault(path: Path) -> str | None:
    """Return why a file can't be read, and the nearest name in its folder; None if it can be."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return _missing(path)
    except OSError as error:
        return f"{path} can't be read: {error.strerror}"
    if stat.S_ISDIR(mode):
        return f"{path} is a folder: name a file in it"
    return None if os.access(path, os.R_OK) else f"{path} can't be read: Permission denied"


def _missing(path: Path) -> str:
    from baton.domain.nearest_name import did_you_mean

    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in islice(entries, _MAX_NEIGHBOURS)]
    return f"there is no file {path}{did_you_mean(path.name, names)}"


def check_range(first: int, last: int | None) -> None:
    """Raise BadParameter if a range of positions ends before it begins."""
    if last is not None and last < first:
        raise typer.BadParameter(f"{last} is before --from {first}", param_hint="'--to'")


def is_server_address(text: str) -> bool:
    """Return whether `text` is an http or https address with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_header_word(text: str) -> bool:
    """Return whether `text` is printable ASCII without blanks."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def check_run_status(text: str | None) -> str | None:
    """Return a status of runs; raises BadParameter for any other text."""
    if text is not None and text not in STATUSES:
        raise typer.BadParameter(f"choose one of {', '.join(STATUSES)}")
    return text
