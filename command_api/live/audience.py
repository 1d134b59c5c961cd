"""The subscribers of the live feed, indexed by tenant and run."""

import asyncio
from collections.abc import Iterable

from baton.command_api.live.subscription import Subscription


class Audience:
    """Subscribers by tenant; those of one run are separate, so that other runs cost them nothing.

    `occupied` is set while there is a subscriber, `empty` while there is none.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str | None], set[Subscription]] = {}
        self._watchers: set[Subscription] = set()
        self.occupied, self.empty = asyncio.Event(), asyncio.Event()
        self.empty.set()

    def __bool__(self) -> bool:
        """Return whether there is a subscriber."""
        return bool(self._groups or self._watchers)

    @property
    def wants_events(self) -> bool:
        """Whether there is a subscriber that wants events."""
        return bool(self._groups)

    def add(self, subscription: Subscription) -> None:
        """Add a subscriber."""
        if subscription.wanted.no_event:
            self._watchers.add(subscription)
        else:
            self._groups.setdefault(_group(subscription), set()).add(subscription)
        self.occupied.set()
        self.empty.clear()

    def remove(self, subscription: Subscription) -> None:
        """Remove a subscriber, if it was added."""
        self._watchers.discard(subscription)
        key = _group(subscription)
        group = self._groups.get(key, set())
        group.discard(subscription)
        if not group:
            self._groups.pop(key, None)
        if not self:
            self.occupied.clear()
            self.empty.set()

    def of(self, tenant: str, run_id: str) -> Iterable[Subscription]:
        """Return the subscribers that may want events of a run."""
        of_any_run = self._groups.get((tenant, None), ())
        of_this_run = self._groups.get((tenant, run_id))
        return of_any_run if of_this_run is None else (*of_any_run, *of_this_run)


def _group(subscription: Subscription) -> tuple[str, str | None]:
    return subscription.wanted.tenant, subscription.wanted.run_id
