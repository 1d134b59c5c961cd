"""The choice of the set of views that a process reads, by rules that every backend shares."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import orjson
from pydantic import TypeAdapter

from baton.domain.frozen import frozen
from baton.eventlog.ports.views import NoSuchSet, Table, ViewSet


@frozen
class Choice:
    """The set that a process reads, and the consequences for the other sets.

    Attributes:
        number: The set to read; None if it must be created.
        promote: Whether the set must be promoted first, whatever its position.
        drop: Sets of older releases, which no process reads any more.
    """

    number: int | None
    promote: bool
    drop: Sequence[int] = ()


def choose(sets: Sequence[ViewSet], shape: str) -> Choice:
    """Choose the live set of these tables, else a set built for this release, else none.

    The set that another release reads is kept, so that its processes can continue; the sets of
    releases before that one are dropped.
    """
    own = [view_set for view_set in sets if view_set.shape == shape]
    live = next((view_set for view_set in own if view_set.live), None)
    if live is not None:
        return Choice(number=live.number, promote=False)
    newest = max((view_set.epoch for view_set in sets), default=0)
    unread = [
        view_set.number for view_set in sets if view_set.shape != shape and view_set.epoch < newest
    ]
    built = max(own, key=lambda view_set: view_set.checkpoint, default=None)
    return Choice(number=None if built is None else built.number, promote=True, drop=unread)


def with_live(sets: Sequence[ViewSet]) -> Sequence[ViewSet]:
    """Return the sets with `live` set for the latest promoted set of each table shape."""
    newest: dict[str, int] = {}
    for view_set in sets:
        newest[view_set.shape] = max(view_set.epoch, newest.get(view_set.shape, 0))
    return [
        replace(view_set, live=0 < view_set.epoch == newest[view_set.shape]) for view_set in sets
    ]


def last_promoted(sets: Sequence[ViewSet]) -> ViewSet | None:
    """Return the set that was promoted last, None if no set was promoted."""
    return max(
        (view_set for view_set in sets if view_set.epoch),
        key=lambda view_set: view_set.epoch,
        default=None,
    )


def promoted_before(sets: Sequence[ViewSet], shape: str) -> Sequence[ViewSet]:
    """Return the sets of other tables that were promoted before the live one of these tables."""
    epoch = max((one.epoch for one in sets if one.shape == shape), default=0)
    return [one for one in sets if one.shape != shape and 0 < one.epoch < epoch]


def set_of(sets: Sequence[ViewSet], number: int) -> ViewSet:
    """Return the set with a number; raises `NoSuchSet`."""
    for view_set in sets:
        if view_set.number == number:
            return view_set
    raise NoSuchSet(f"There is no set {number} of views")


def shape_of(tables: Sequence[Table]) -> str:
    """Return declarations of tables as JSON."""
    return orjson.dumps(list(tables)).decode()


@cache
def tables_of(shape: str) -> tuple[Table, ...]:
    """Return the table declarations from the JSON that `shape_of` wrote."""
    return TypeAdapter(tuple[Table, ...]).validate_json(shape)
