"""Shares of a verification: each process decodes and folds the events of some of the streams.

Decoding and folding take most of the time of a verification. One process checks everything else:
positions, versions, leaves, blocks and heads of all events.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from zlib import crc32

from baton.domain.frozen import frozen
from baton.domain.stream import stream_parts
from baton.eventlog.events.codec import decode
from baton.eventlog.notary.checks.event_checks import EventChecks
from baton.eventlog.notary.checks.folds import Folds, deciders
from baton.eventlog.notary.checks.verdict import Break, LogBroken, broken_at
from baton.eventlog.ports.audit.leaf_store import LEAVES_PER_BLOCK, LeafStore

CheckShares: TypeAlias = Callable[["Span"], Awaitable[Break | None]]
"""Called with a part of the log: checks the shares of other processes, returns the first break."""


@frozen
class Span:
    """A part of the log: the events after `after`, up to `last`; both are positions."""

    after: int
    last: int


@frozen(kw_only=False)
class Share:
    """The streams of one of `of` processes, which are numbered from 0."""

    number: int
    of: int

    def holds(self, stream: str) -> bool:
        """Return whether a stream belongs to this share."""
        return crc32(stream.encode()) % self.of == self.number


async def check_share(store: LeafStore, share: Share, span: Span) -> Break | None:
    """Check versions and contents of the events of a share; raises `Unavailable`.

    Returns the first break. An event whose columns have other types ends the check without a break:
    the process that checks everything reports it.
    """
    checks = EventChecks(None if span.after else {})
    after = span.after
    try:
        while page := await store.events(after=after, limit=LEAVES_PER_BLOCK):
            after = page[-1].position
            for event in page:
                if event.position > span.last or not isinstance(event.stream, str):
                    break
                if share.holds(event.stream):
                    checks.check(event)
        if not span.after:
            await fold_again(store, checks.folds, span.last)
    except LogBroken as error:
        return error.first_break
    return None


async def fold_again(store: LeafStore, folds: Folds, last: int) -> None:
    """Fold the streams whose states were dropped, up to the position `last`.

    Raises `LogBroken`, and `Unavailable`.
    """
    for second_pass in folds.passes():
        after = 0
        while page := await store.events(after=after, limit=LEAVES_PER_BLOCK):
            after = page[-1].position
            for event in page:
                if event.position <= last and second_pass.wants(event.stream):
                    decoded = decode(event.topic, event.state)
                    decider = deciders()[stream_parts(event.stream).kind]
                    wrong = second_pass.apply(decider, event.stream, event.version, decoded)
                    if wrong is not None:
                        broken_at(event, wrong)


def first_of(own: Break | None, other: Break | None) -> Break | None:
    """Return the break that comes first in the log.

    Args:
        own: A break found by the process that checks everything.
        other: A break found by another process, which reads an event before its leaf is compared.
    """
    if own is None or other is None:
        return own or other
    at = (
        candidate.position if candidate.position is not None else float("inf")
        for candidate in (own, other)
    )
    first, second = at
    return own if first < second else other
