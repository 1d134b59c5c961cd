"""Sets of views as the API shows them."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from baton.command_api.dialect.rendering import without_none
from baton.command_api.services import Services
from baton.domain.json import JsonObject
from baton.eventlog.ports.views import ViewSet
from baton.eventlog.view_sets.choice import set_of
from baton.projector.sets.changes import is_own, state_of
from baton.protocols.iso_time import format_time

MS: Final = 1_000


class ViewSetShown(BaseModel):
    """One set of views.

    `behind` is the number of positions that it has to catch up. `eventsPerSecond` and
    `remainingSeconds` are shown while it is built: the mean since its creation, and the time that
    it takes at this rate. `differences` counts the rows that differed from the live set when it was
    compared; a comparison stops after 20.
    """

    set: int
    state: Literal["live", "previous", "building", "ready", "differs", "other_release"]
    position: int
    behind: int
    epoch: int = Field(description="The number of its newest promotion, 0 if it was never live")
    bytes: int
    createdAt: str | None = None  # noqa: N815 - the names of the JSON
    comparedAt: int | None = Field(default=None, description="A position")  # noqa: N815
    differences: int | None = None
    eventsPerSecond: int | None = None  # noqa: N815
    remainingSeconds: int | None = None  # noqa: N815


class ViewSetList(BaseModel):
    """The sets by number; `head` is the position of the newest event."""

    head: int
    sets: list[ViewSetShown]


async def render_sets(services: Services, *, now: int) -> list[JsonObject]:
    """Return every set; `now` is the time in ms since the epoch."""
    head = await services.store.head()
    sets = await services.installation.view_sets.every()
    return [await _rendered(services, view_set, head, now) for view_set in sets]


async def render_set(services: Services, number: int, *, now: int) -> JsonObject:
    """Return one set; raises `NoSuchSet`."""
    view_set = set_of(await services.installation.view_sets.every(), number)
    return await _rendered(services, view_set, await services.store.head(), now)


async def _rendered(services: Services, view_set: ViewSet, head: int, now: int) -> JsonObject:
    state = state_of(view_set, own=is_own(view_set))
    behind = max(0, head - view_set.checkpoint)
    elapsed_ms = max(1, now - view_set.created_at)
    rate = view_set.checkpoint * MS // elapsed_ms if state == "building" else None
    return without_none(
        {
            "set": view_set.number,
            "state": state,
            "position": view_set.checkpoint,
            "behind": behind,
            "epoch": view_set.epoch,
            "bytes": await services.installation.view_sets.size_bytes(view_set.number),
            "createdAt": format_time(view_set.created_at) if view_set.created_at else None,
            "comparedAt": view_set.compared_at,
            "differences": None if view_set.compared_at is None else view_set.differences,
            "eventsPerSecond": rate,
            "remainingSeconds": behind // rate if rate else None,
        }
    )


EXAMPLE: Final[JsonObject] = {
    "set": 2,
    "state": "ready",
    "position": 81234,
    "behind": 0,
    "epoch": 0,
    "bytes": 48234496,
    "createdAt": "2026-03-14T09:26:53.000Z",
    "comparedAt": 81230,
    "differences": 0,
}
