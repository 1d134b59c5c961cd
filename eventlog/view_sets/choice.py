"""The set of views that a process reads when it starts, by rules that every backend shares."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import orjson
from pydantic import TypeAdapter

from baton.domain.frozen import frozen
from baton.eventlog.ports.views import NoSuchSet, Table, ViewSet


@frozen
class Choice:
    """The set that a process reads, and the consequences for the others.

    Attributes:
        number: The set to read; None if it has to be created.
        promote: Whether the set has to be promoted first, however far it is.
        drop: Sets of older releases, which no process reads any more.
    """

    number: int | None
    promote: bool
    drop: Sequence[int] = ()


def choose(sets: Sequence[ViewSet], shape: str) -> Choice:
    """Choose the live set of these tables, else one that was built for this release, else none.

    The set that another release reads stays, so that its processes can go on; the sets of releases
    before that are dropped.
    """
    own = [one for one in sets if one.shape == shape]
    live = next((one for one in own if one.live), None)
    if live is not None:
        return Choice(number=live.number, promote=False)
    newest = max((one.epoch for one in sets), default=0)
    unread = [one.number for one in sets if one.shape != shape and one.epoch < newest]
    built = max(own, key=lambda one: one.checkpoint, default=None)
    return Choice(number=None if built is None else built.number, promote=True, drop=unread)


def with_live(sets: Sequence[ViewSet]) -> Sequence[ViewSet]:
    """Return the sets with `live` set where none of the same tables has a later epoch."""
    newest: dict[str, int] = {}
    for one in sets:
        newest[one.shape] = max(one.epoch, newest.get(one.shape, 0))
    return [replace(one, live=0 < one.epoch == newest[one.shape]) for one in sets]


def last_promoted(sets: Sequence[ViewSet]) -> ViewSet | None:
    """Return the set that was promoted last, None if none was."""
    return max((one for one in sets if one.epoch), key=lambda one: one.epoch, default=None)


def set_of(sets: Sequence[ViewSet], number: int) -> ViewSet:
    """Return the set with a number; raises `NoSuchSet`."""
    for one in sets:
        if one.number == number:
            return one
    raise NoSuchSet(f"There is no set {number} of views")


def shape_of(tables: Sequence[Table]) -> str:
    """Return declarations of tables as JSON."""
    return orjson.dumps(list(tables)).decode()


@cache
def tables_of(shape: str) -> tuple[Table, ...]:
    """Return the declarations that `shape_of` made JSON of."""
    return TypeAdapter(tuple[Table, ...]).validate_json(shape)
