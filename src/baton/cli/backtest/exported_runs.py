"""Loads an export into a temporary store, for one backtest."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baton.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """A store with recorded runs.

    `tenants` are the tenants of its events, or None if the views of the store list them.
    """

    settings: "Settings"
    tenants: frozenset[str] | None = None


@contextmanager
def loaded_export(file: Path) -> Iterator[Recordings]:
    """Yield a temporary store with the events of an export; raises Unreadable."""
    from tempfile import TemporaryDirectory

    from baton.cli.data.import_events import restore
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.eventlog.events.ndjson import NdjsonReader

    with TemporaryDirectory(prefix="baton-") as folder:
        settings = load_settings(data=Path(folder))
        lines = NdjsonReader()
        run_async(restore(settings, file, lines))
        yield Recordings(settings=settings, tenants=frozenset(lines.tenants))
