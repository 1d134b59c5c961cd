"""Commands and events of a bulk. Event names and fields are the storage format.

The ids of the runs aren't in the events: `chunks` maps "0", "1", … to artifacts, each a JSON list
of ids, so that a bulk of a million runs is a small event. Times are milliseconds since the epoch,
UTC.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.domain.actor import Actor
from baton.domain.frozen import frozen
from baton.domain.json import JsonObject

Action: TypeAlias = Literal["cancel", "retry", "rerun", "pause", "resume"]
"""The actions on a run that a bulk can perform, with the same options as for a single run."""

Outcome: TypeAlias = Literal["done", "unchanged", "refused", "failed"]
"""The outcome of one run.

"done": the bulk changed the run. "unchanged": the run already was in the requested state.
"refused": the state of the run or a rule forbids the action. "failed": the action couldn't be
performed, but a retry may succeed.
"""


@frozen(slots=False)
class Item:
    """The outcome of one run; `new_run_id` is the run that a rerun started.

    `code` and `message` say why the action was refused or failed, with the texts of a request for
    the single run.
    """

    run_id: str
    outcome: Outcome
    code: str | None = None
    message: str | None = None
    new_run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBulk:
    """Perform `action` with the options `args` on `count` runs.

    Args:
        filter: The conditions that chose the runs; None for runs that were named by their ids.
        position: The log position as of which the runs were chosen.
        per_second: The most runs per second; None is as fast as possible.
    """

    tenant: str
    bulk_id: str
    action: Action
    args: JsonObject
    filter: JsonObject | None = None
    chunks: JsonObject
    count: int
    position: int
    per_second: int | None = None
    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportItems:
    """Record that the runs with `first` <= index < `through` were treated in `round`."""

    round: int
    first: int
    through: int
    items: tuple[Item, ...]
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopBulk:
    """Treat no more runs."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBulk:
    """Try the failed runs again; `chunks` and `count` are those of all failed runs."""

    chunks: JsonObject
    count: int
    actor: Actor
    at: int


@frozen(slots=False)
class BulkRequested:
    """The action is to be performed on these runs."""

    tenant: str
    bulk_id: str
    action: Action
    args: JsonObject
    filter: JsonObject | None = None
    chunks: JsonObject
    count: int
    position: int
    per_second: int | None = None
    actor: Actor
    at: int


@frozen(slots=False)
class BulkProgressed:
    """Runs were treated, up to index `through` of the round's runs."""

    round: int
    through: int
    items: tuple[Item, ...]
    at: int


@frozen(slots=False)
class BulkCompleted:
    """Every run has its outcome."""

    at: int


@frozen(slots=False)
class BulkStopRequested:
    """The bulk was asked to treat no more runs; runs in progress still get their outcome."""

    actor: Actor
    at: int


@frozen(slots=False)
class BulkStopped:
    """No run is in progress any more; the remaining runs stay without an outcome."""

    at: int


@frozen(slots=False)
class BulkRetried:
    """The failed runs are to be tried again, in a further round."""

    chunks: JsonObject
    count: int
    actor: Actor
    at: int


Command: TypeAlias = RequestBulk | ReportItems | StopBulk | RetryBulk
Event: TypeAlias = (
    BulkRequested | BulkProgressed | BulkCompleted | BulkStopRequested | BulkStopped | BulkRetried
)
