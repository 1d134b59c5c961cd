"""Models of responses, for the OpenAPI document; a test validates the responses with them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.command_api.dialects.orchestrator.render_runs import RunStatus
from baton.domain.json import Json, JsonObject

StepStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled", "skipped"]


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class Edge(_Shape):
    """Step `to` starts when step `from` is done."""

    from_: str = Field(alias="from")
    to: str


class DagStep(_Shape):
    """A step; members that have their default are left out."""

    id: str
    uses: str
    with_: JsonObject = Field(default_factory=dict, alias="with")
    timeout_ms: int = 300_000
    retry: JsonObject = Field(default_factory=dict)
    when: list[JsonObject] = Field(default_factory=list)


class Dag(_Shape):
    """One version of a DAG."""

    dag_id: str
    version: str
    steps: list[DagStep]
    edges: list[Edge]
    metadata: JsonObject = Field(default_factory=dict, description="left out if there is none")
    signature: str = Field(default="", description="left out if there is none")
    active: bool
    definition_hash: str
    published_utc: str
    published_by: str


class Dags(_Shape):
    """A page of DAG versions."""

    items: list[Dag]
    next_page_token: str | None


class Failure(_Shape):
    """The reason why a run or a step failed."""

    code: str
    message: str
    step_id: str = Field(default="", description="of a run: the step that failed it")
    stack: str = Field(default="", description="of a step: the traceback of its function")


class StartedRun(_Shape):
    """A run as it was accepted."""

    run_id: str
    dag_id: str
    version: str
    status: RunStatus
    started_utc: str
    completed_utc: str | None
    trace_id: str
    definition_hash: str
    error: Failure | None = Field(default=None, description="of a failed run, else left out")


class RunListed(StartedRun):
    """A run without its steps."""

    inputs: Json


class RunStep(_Shape):
    """The state of a step in a run; `attempts` counts them."""

    step_id: str
    status: StepStatus
    outputs_hash: str | None
    attempts: int


class Run(RunListed):
    """A whole run."""

    steps: list[RunStep]


class Runs(_Shape):
    """A page of runs."""

    items: list[RunListed]
    next_page_token: str | None


class RunEvent(_Shape):
    """One event of the stream; `status` is that of the step if the event is about a step."""

    event: Literal[
        "run.started",
        "run.updated",
        "run.completed",
        "run.failed",
        "run.cancelled",
        "step.updated",
    ]
    tenant: str
    dag_id: str
    run_id: str
    step_id: str = Field(default="", description="of a step's event, else left out")
    status: StepStatus
    timestamp: str
    trace_id: str
    position: int


class RunCancelled(_Shape):
    """The run's status after the request."""

    run_id: str
    status: RunStatus


class StepExecution(RunStep):
    """The execution of a step."""

    uses: str
    started_utc: str | None
    completed_utc: str | None
    error: Failure | None = Field(default=None, description="of a failed step, else left out")


class StepExecutions(_Shape):
    """A page of a run's steps."""

    items: list[StepExecution]
    next_page_token: str | None


class Attempt(_Shape):
    """One attempt; `visit` counts the activations of its step in a loop."""

    attempt: int
    visit: int
    status: StepStatus
    started_utc: str | None
    completed_utc: str | None
    outputs_hash: str | None
    due_utc: str = Field(default="", description="of an attempt that waits, the end of its wait")
    error: Failure | None = Field(default=None, description="of a failed attempt, else left out")
    logs_ref: str = Field(default="", description="hash of the artifact with its logs, if any")
    warning: str = Field(default="", description="left out if there is none")


class StepDetail(_Shape):
    """A step with each of its attempts."""

    step_id: str
    status: StepStatus
    outputs_hash: str | None
    attempts: list[Attempt]
    uses: str
    started_utc: str | None
    completed_utc: str | None
    error: Failure | None = Field(default=None, description="of a failed step, else left out")
    logs_ref: str | None = Field(description="that of the newest attempt with logs, if any")
    outputs: Json = Field(default=None, description="of a step that succeeded, else left out")


class Warmed(_Shape):
    """The number of DAGs that were loaded."""

    warmed: int


class Health(_Shape):
    """The health of this server.

    `queueDepth` counts, by tenant, the runs that haven't been started and the calls of steps that
    wait for a place at an executor.
    """

    status: Literal["ready", "unavailable"]
    live: bool
    ready: bool
    checks: dict[str, str]
    queue_depth: dict[str, int]
