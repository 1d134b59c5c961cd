"""Sets of views as rows of a table and as JSON."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from baton.cli.terminal.output import in_terminal, print_note
from baton.cli.terminal.tables import Column, print_table
from baton.cli.terminal.times import shown_time
from baton.protocols.iso_time import format_time

if TYPE_CHECKING:
    from baton.eventlog.ports.backend import Stores
    from baton.eventlog.ports.views import ViewSet
    from baton.settings import Settings

COLUMNS: Final = (
    Column(name="SET", align_right=True),
    Column(name="STATE"),
    Column(name="POSITION", align_right=True),
    Column(name="BEHIND", align_right=True),
    Column(name="BYTES", align_right=True, drop_order=2),
    Column(name="DIFFERENCES", align_right=True, drop_order=3),
    Column(name="CREATED", drop_order=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A set with its size; `own` is whether it has the tables of this release."""

    view_set: "ViewSet"
    bytes: int
    own: bool


async def shown_sets(stores: "Stores", _settings: "Settings") -> tuple[list[Shown], int]:
    """Return every set, and the position of the newest event."""
    head = await stores.events.head()
    return [await _shown(stores, view_set) for view_set in await stores.view_sets.every()], head


async def load_set(stores: "Stores", number: int) -> Shown:
    """Return one set; raises `NoSuchSet`."""
    from baton.eventlog.view_sets.choice import set_of

    return await _shown(stores, set_of(await stores.view_sets.every(), number))


async def _shown(stores: "Stores", view_set: "ViewSet") -> Shown:
    from baton.projector.sets.changes import is_own

    return Shown(
        view_set=view_set,
        bytes=await stores.view_sets.size_bytes(view_set.number),
        own=is_own(view_set),
    )


def print_sets(sets: Sequence[Shown], head: int) -> None:
    """Print a table of sets; `head` is the position of the newest event."""
    if not sets and in_terminal():
        print_note("No sets of views: the first start of the services makes one.")
        return
    now = int(time.time() * 1_000)
    rows = (
        (
            shown.view_set.number,
            _state(shown),
            shown.view_set.checkpoint,
            max(0, head - shown.view_set.checkpoint),
            shown.bytes,
            None if shown.view_set.compared_at is None else shown.view_set.differences,
            shown_time(shown.view_set.created_at or None, now),
        )
        for shown in sets
    )
    print_table(COLUMNS, rows)


def set_document(shown: Shown) -> dict[str, Any]:
    """Return a set as JSON."""
    view_set = shown.view_set
    return {
        "set": view_set.number,
        "state": _state(shown),
        "position": view_set.checkpoint,
        "epoch": view_set.epoch,
        "bytes": shown.bytes,
        "comparedAt": view_set.compared_at,
        "differences": None if view_set.compared_at is None else view_set.differences,
        "createdAt": format_time(view_set.created_at) if view_set.created_at else None,
    }


def _state(shown: Shown) -> str:
    from baton.projector.sets.changes import state_of

    return state_of(shown.view_set, own=shown.own)
