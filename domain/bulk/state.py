"""The state of a bulk, folded from its events."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, assert_never

from baton.domain.actor import Actor
from baton.domain.bulk.messages import (
    Action,
    BulkCompleted,
    BulkProgressed,
    BulkRequested,
    BulkRetried,
    BulkStopped,
    BulkStopRequested,
    Event,
    Item,
    Outcome,
)
from baton.domain.json import JsonObject

Status: TypeAlias = Literal["running", "stopping", "completed", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The number of runs by their newest outcome."""

    done: int = 0
    unchanged: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def treated(self) -> int:
        """The number of runs that have an outcome."""
        return self.done + self.unchanged + self.refused + self.failed

    def plus(self, items: tuple[Item, ...], *, again: bool) -> "Tally":
        """Return the tally after `items`; `again` means that these runs had failed before."""
        outcomes = Counter[Outcome](item.outcome for item in items)
        return Tally(
            done=self.done + outcomes["done"],
            unchanged=self.unchanged + outcomes["unchanged"],
            refused=self.refused + outcomes["refused"],
            failed=self.failed + outcomes["failed"] - (len(items) if again else 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A bulk; `bulk_id` is empty before it is requested.

    `total` counts all its runs, `count` the runs of the current round, whose ids are in `chunks`.
    All runs of the round before index `next` are treated.
    """

    tenant: str = ""
    bulk_id: str = ""
    action: Action = "cancel"
    args: JsonObject = field(default_factory=dict)
    chunks: JsonObject = field(default_factory=dict)
    per_second: int | None = None
    actor: Actor | None = None
    status: Status = "running"
    total: int = 0
    tally: Tally = field(default_factory=Tally)
    round: int = 1
    count: int = 0
    next: int = 0

    @property
    def active(self) -> bool:
        """Whether runs remain to be treated, or are in progress."""
        return bool(self.bulk_id) and self.status in ("running", "stopping")


def evolve(state: State, event: Event) -> State:
    """Return the state after `event`."""
    match event:
        case BulkRequested():
            return State(
                tenant=event.tenant,
                bulk_id=event.bulk_id,
                action=event.action,
                args=event.args,
                chunks=event.chunks,
                per_second=event.per_second,
                actor=event.actor,
                total=event.count,
                count=event.count,
            )
        case BulkProgressed():
            tally = state.tally.plus(event.items, again=event.round > 1)
            return replace(state, tally=tally, next=event.through)
        case BulkCompleted():
            return replace(state, status="completed")
        case BulkStopRequested():
            return replace(state, status="stopping")
        case BulkStopped():
            return replace(state, status="stopped")
        case BulkRetried():
            return replace(
                state,
                status="running",
                chunks=event.chunks,
                count=event.count,
                round=state.round + 1,
                next=0,
            )
    assert_never(event)
