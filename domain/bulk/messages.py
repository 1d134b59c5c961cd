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
"""The actions on a run that a bulk performs, each with the options it has for a single run."""

Outcome: TypeAlias = Literal["done", "unchanged", "refused", "failed"]
"""The outcome of one run.

"done": the bulk changed it. "unchanged": it was so before. "refused": its state or a rule forbids
the action. "failed": the action couldn't be performed, and may be possible later.
"""


@frozen(slots=False)
class Item:
    """The outcome of one run; `new_run_id` is the run that a rerun started.

    `code` and `message` say why the action was refused or failed, as a request for the single run
    would.
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
        filter: The conditions that chose the runs, None for runs that were named by their ids.
        position: The log position as of which the runs were chosen.
        per_second: The most runs in one second; None is as fast as possible.
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
    """The runs from index `first` up to, not including, `through` have been treated in `round`."""

    round: int
    first: int
    through: int
    items: tuple[Item, ...]
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopBulk:
    """Treat no further run."""

    actor: Actor
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBulk:
    """Try the failed runs again; `chunks` and `count` name all of them."""

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
    """Runs have been treated, up to index `through` of the round's runs."""

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
    """No further run is to be treated; those under way still get their outcome."""

    actor: Actor
    at: int


@frozen(slots=False)
class BulkStopped:
    """Nothing is under way any more, and the runs without an outcome keep none."""

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
