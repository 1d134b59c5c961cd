"""Builds, promotes and drops sets of views, by rules that the CLI and the HTTP API share."""

from collections.abc import Sequence
from typing import Final, Literal

from baton.eventlog.failpoints import failpoint
from baton.eventlog.ports.views import SetIsBehind, Table, ViewSet, ViewSets
from baton.eventlog.view_sets.choice import last_promoted, set_of, shape_of
from baton.projector.view import tables_of
from baton.projector.views import every_view

SPACE: Final = 1.2
"""The free space that a rebuild needs, as a multiple of the size of the live set."""

Reason = Literal["behind", "building", "differs", "not_compared", "other_release", "no_space"]

State = Literal["live", "previous", "building", "ready", "differs", "other_release"]


class NotPossible(Exception):
    """A set can't be built or promoted now. The message has the reason and the remedy."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def own_tables() -> Sequence[Table]:
    """Return the tables of this release."""
    return tables_of(every_view())


def is_own(one: ViewSet) -> bool:
    """Return whether a set has the tables of this release."""
    return one.shape == shape_of(own_tables())


def state_of(one: ViewSet, *, own: bool) -> State:
    """Return the state of a set; `own` is whether it has the tables of this release."""
    if not own:
        return "other_release"
    if one.live:
        return "live"
    if one.epoch:
        return "previous"
    if one.compared_at is None:
        return "building"
    return "differs" if one.differences else "ready"


async def begin_set(sets: ViewSets, *, at: int) -> int:
    """Create a set of this release and return its number; a projector process then builds it.

    Raises `NotPossible` while another set is being built, and if there isn't enough free space.

    Args:
        sets: All sets.
        at: The current time, in ms since the epoch.
    """
    found = await sets.every()
    built = next((one for one in found if not one.epoch and one.compared_at is None), None)
    if built is not None:
        raise NotPossible(
            "building", f"Set {built.number} is being built: wait until it is complete, or drop it"
        )
    live, free = last_promoted(found), await sets.free_bytes()
    if live is not None and free is not None:
        needed = int(await sets.size_bytes(live.number) * SPACE)
        if free < needed:
            message = f"A new set needs about {needed:,} bytes, and only {free:,} are free"
            raise NotPossible("no_space", message)
    number = await sets.create(own_tables(), at=at)
    failpoint("set-begun")
    return number


async def promote_set(sets: ViewSets, number: int, *, accept_difference: bool = False) -> int:
    """Make a set the live set and return its epoch.

    Raises `NoSuchSet`, and `NotPossible` for a set of another release, and for a set behind the
    live one. Unless `accept_difference`, raises `NotPossible` also for a set that wasn't compared
    with the live set, or differs from it. A set that was live before needs no comparison.
    """
    found = set_of(await sets.every(), number)
    _check_promotion(found, accept_difference=accept_difference)
    try:
        epoch = await sets.promote(number)
    except SetIsBehind as behind:
        message = f"Set {number} hasn't caught up. {behind}: try again later"
        raise NotPossible("behind", message) from behind
    failpoint("after-promotion")
    return epoch


async def roll_back(sets: ViewSets) -> int:
    """Promote the set that was live before, and return its number.

    Raises `NotPossible` if there is no such set, or if it is behind.
    """
    found = await sets.every()
    live = last_promoted(found)
    before = last_promoted([one for one in found if live is None or one.number != live.number])
    if before is None:
        raise NotPossible("other_release", "No former live set is left: build a new set")
    await promote_set(sets, before.number)
    return before.number


def _check_promotion(found: ViewSet, *, accept_difference: bool) -> None:
    number = found.number
    if not is_own(found):
        message = f"Set {number} is of another release: promote it with the `baton` of that release"
        raise NotPossible("other_release", message)
    if found.epoch or accept_difference:
        return
    if found.compared_at is None:
        message = (
            f"Set {number} hasn't caught up, so it isn't compared with the live set yet: try again"
            " later"
        )
        raise NotPossible("not_compared", message)
    if found.differences:
        message = f"Set {number} differs from the live set in at least {found.differences} rows"
        raise NotPossible("differs", message)
