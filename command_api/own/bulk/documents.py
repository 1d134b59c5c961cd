"""The bodies of requests and answers about bulks."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from baton.command_api.own.runs.render_run import RunSummary
from baton.domain.bulk.decisions import MAX_PER_SECOND
from baton.domain.bulk.messages import Action, Outcome
from baton.domain.bulk.state import Status
from baton.domain.json import JsonObject
from baton.domain.run.trigger import TriggerKind
from baton.projector.views.runs.view import Status as RunStatus
from baton.projector.views.runs.view import WaitsFor

MAX_IDS: Final = 40_000
"""The most runs that one request can name: their ids fill the largest body."""
_Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
_RunId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]


class FilterBody(BaseModel):
    """The conditions that GET /runs has as parameters; all of them hold for a chosen run.

    `definition` is a slug or an id. `from` and `to` are RFC 3339 times of the request.
    """

    model_config = ConfigDict(extra="forbid")  # a misspelt condition would choose too many runs

    status: list[RunStatus] = Field(default_factory=list, max_length=10)
    definition: _Text | None = None
    definitionId: _Text | None = None  # noqa: N815 - the names of the JSON
    trigger: list[TriggerKind] = Field(default_factory=list, max_length=10)
    waitsFor: WaitsFor | None = None  # noqa: N815
    recordId: _Text | None = None  # noqa: N815
    correlationId: _Text | None = None  # noqa: N815
    from_: str | None = Field(default=None, alias="from", max_length=40)
    to: str | None = Field(default=None, max_length=40)

    @property
    def empty(self) -> bool:
        """Whether it chooses every run."""
        return not self.model_dump(exclude_defaults=True)


class BulkBody(BaseModel):
    """The body of POST /bulk.

    The runs are those of `ids`, those that match `filter`, or all of them with `all`. `args` is the
    body of the same action on a single run. With `dryRun` nothing is done, and the answer has the
    `confirm` that the request for runs of a filter must have.
    """

    action: Action
    args: JsonObject = Field(default_factory=dict, max_length=20)
    ids: list[_RunId] | None = Field(default=None, min_length=1, max_length=MAX_IDS)
    filter: FilterBody | None = None
    all: bool = False
    perSecond: int | None = Field(default=None, ge=1, le=MAX_PER_SECOND)  # noqa: N815
    confirm: str | None = Field(default=None, pattern=r"^[0-9]{1,18}-[0-9a-f]{32}$")
    dryRun: bool = False  # noqa: N815


class BulkAccepted(BaseModel):
    """The bulk that was requested, or its preview: then it has no `id`, but a `confirm`.

    `sample` shows the first of the runs, which `count` counts.
    """

    id: str | None = None
    action: Action
    status: Status | None = None
    count: int
    position: int
    sample: list[RunSummary] | None = None
    confirm: str | None = None


class BulkSummary(BaseModel):
    """A bulk: its action, its progress, and the number of runs by outcome.

    `pending` counts the runs without an outcome. `position` is that of the log as of which the runs
    were chosen. `round` is greater than 1 if failed runs were tried again.
    """

    id: str
    action: Action
    args: dict[str, object]
    filter: dict[str, object] | None = None
    status: Status
    total: int
    pending: int
    done: int
    unchanged: int
    refused: int
    failed: int
    round: int
    perSecond: int | None = None  # noqa: N815
    position: int
    actor: dict[str, object]
    requestedAt: str  # noqa: N815
    updatedAt: str  # noqa: N815
    endedAt: str | None = None  # noqa: N815


class BulkPage(BaseModel):
    """One page of bulks, the newest first."""

    bulks: list[BulkSummary]
    total: int
    limit: int
    offset: int


class BulkItem(BaseModel):
    """The outcome of one run. `newRunId` is the run that a rerun started.

    `slug` is that of the run's definition, `title` the run's own; a run that isn't known has none.
    """

    runId: str  # noqa: N815
    slug: str | None = None
    title: str | None = None
    outcome: Outcome
    code: str | None = None
    message: str | None = None
    newRunId: str | None = None  # noqa: N815
    round: int


class BulkItemPage(BaseModel):
    """Outcomes in the order in which they were recorded; `next` continues after them."""

    items: list[BulkItem]
    next: str | None = None


class BulkChanged(BaseModel):
    """The status of a bulk after a request to stop or to retry it."""

    id: str
    status: Status
