"""Stores whose calls count as activity."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import wraps
from inspect import isawaitable
from typing import Any, TypeVar, cast

from baton.eventlog.events.envelope import Recorded
from baton.eventlog.feed import MAX_EVENTS
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import Log, Subscription
from baton.eventlog.virtual_time.activity import Activity

T = TypeVar("T")


def counted_stores(stores: Stores, activity: Activity) -> Stores:
    """Return `stores` with calls that count in `activity`; appends count as changes too."""
    return replace(
        stores,
        events=counted(stores.events, activity, changing=("append",)),
        log=_CountedLog(stores.log, activity),
        views=counted(stores.views, activity),
        checkpoints=counted(stores.checkpoints, activity),
        keys=counted(stores.keys, activity),
        leases=counted(stores.leases, activity),
        secrets=counted(stores.secrets, activity),
        artifacts=counted(stores.artifacts, activity),
        leaves=counted(stores.leaves, activity),
        api_key_uses=counted(stores.api_key_uses, activity),
        dead_letters=counted(stores.dead_letters, activity),
    )


def counted(port: T, activity: Activity, changing: Sequence[str] = ()) -> T:
    """Return `port` with asynchronous methods that count as work, or, where named, as changes."""
    return cast("T", _Counted(port, activity, frozenset(changing)))


class _Counted:
    """Passes every call on to an object; a method's result counts as work until it is awaited."""

    def __init__(self, port: object, activity: Activity, changing: frozenset[str]) -> None:
        self._port = port
        self._activity = activity
        self._changing = changing

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._port, name)
        if not callable(member):
            return member
        method = self._counting(member, changes=name in self._changing)
        setattr(self, name, method)
        return method

    def _counting(self, member: Callable[..., Any], *, changes: bool) -> Callable[..., Any]:
        @wraps(member)
        def call(*args: Any, **named: Any) -> Any:
            result = member(*args, **named)
            return self._awaited(result, changes=changes) if isawaitable(result) else result

        return call

    async def _awaited(self, result: Awaitable[Any], *, changes: bool) -> Any:
        with self._activity.working():
            returned = await result
        self._activity.changes += changes
        return returned


class _CountedLog:
    """A log whose followers wait without counting as work."""

    def __init__(self, log: Log, activity: Activity) -> None:
        self._log = log
        self._activity = activity

    async def subscribe(
        self, name: str, *, after: int, classes: frozenset[type] | None = None
    ) -> Subscription:
        """Return a subscription of the log."""
        subscription = await self._log.subscribe(name, after=after, classes=classes)
        return _CountedSubscription(subscription, after, self._activity)


class _CountedSubscription:
    def __init__(self, subscription: Subscription, after: int, activity: Activity) -> None:
        self._subscription = subscription
        self._after = after
        self._activity = activity

    async def next(self) -> Sequence[Recorded]:
        events = await self._subscription.next()
        # Events of other classes may be left out, so their number doesn't show a full batch.
        self._activity.changes += events[-1].position - self._after >= MAX_EVENTS
        self._after = events[-1].position
        return events

    async def close(self) -> None:
        await self._subscription.close()
