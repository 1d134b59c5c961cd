"""Reads the body that publishes a DAG: steps, and edges between them, become steps with needs."""

from dataclasses import replace
from typing import ClassVar, Final

from pydantic import ConfigDict, Field

from baton.command_api.dialect.bodies import ConditionBody, Faults, Model
from baton.command_api.dialects.orchestrator.render_dags import RESERVED
from baton.domain.definition.graph import DEFAULT_TIMEOUT_MS, Compute, Graph, Retry
from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.definition.validation import MAX_STEPS
from baton.domain.json import JsonObject

MAX_EDGES: Final = 20_000
"""Edges of one DAG."""


class RetryBody(Model):
    """The attempts of a step in all, the first backoff and its growth per failure."""

    max_attempts: int | None = None
    backoff_ms: int | None = None
    backoff_multiplier: float | None = None

    def to_retry(self) -> Retry:
        """Return the core's retry policy, with its defaults for members that are missing."""
        retry = Retry()
        if self.max_attempts is not None:
            retry = replace(retry, max_attempts=self.max_attempts)
        if self.backoff_ms is not None:
            retry = replace(retry, backoff_ms=self.backoff_ms)
        if self.backoff_multiplier is not None:
            retry = replace(retry, multiplier=self.backoff_multiplier)
        return retry


class StepBody(Model):
    """A step: the function that it uses, and the conditions without which it is skipped."""

    id: str
    uses: str
    with_: JsonObject | None = Field(default=None, alias="with")
    timeout_ms: int | None = None
    retry: RetryBody | None = None
    when: list[ConditionBody] | None = None

    def to_step(self, needs: tuple[str, ...]) -> Compute:
        """Return the core's step."""
        return Compute(
            id=self.id,
            function=self.uses,
            config=self.with_,
            timeout_ms=DEFAULT_TIMEOUT_MS if self.timeout_ms is None else self.timeout_ms,
            retry=None if self.retry is None else self.retry.to_retry(),
            when=tuple(condition.to_condition() for condition in self.when or ()),
            needs=needs,
        )


class EdgeBody(Model):
    """An edge: step `to` starts when step `from` is done."""

    from_: str = Field(alias="from")
    to: str


class PublishDag(Model):
    """The body of POST /dags; without `version` the DAG gets the next whole number."""

    read_only: ClassVar[frozenset[str]] = frozenset(
        ("active", "definitionHash", "publishedUtc", "publishedBy")
    )

    model_config = ConfigDict(title="PublishDag")

    dag_id: str
    version: str | int | None = None
    steps: list[StepBody]
    edges: list[EdgeBody] = Field(default_factory=list)
    metadata: JsonObject | None = None
    signature: str | None = None

    @property
    def label(self) -> str | None:
        """The version as text."""
        return None if self.version is None else str(self.version)

    @property
    def slug(self) -> str:
        """The slug of the definition."""
        return self.dag_id

    def body(self) -> Body:
        """Return the body of a new definition with this version; raises Refused 400."""
        return Body(
            name=self.dag_id,
            trigger=ManualTrigger(),
            graph=self.to_graph(),
            annotations=self.metadata,
        )

    def to_graph(self) -> Graph:
        """Return the core's graph; raises Refused 400 for faults that only this form can have."""
        faults = Faults()
        for index, step in enumerate(self.steps[: MAX_STEPS + 1]):
            if step.uses.startswith(RESERVED):
                faults.add(f"must not begin with {RESERVED}", "steps", index, "uses")
            for place, condition in enumerate(step.when or ()):
                condition.check(faults, "steps", index, "when", place)
        needs = self._needs(faults)
        faults.raise_if_any()
        steps = tuple(step.to_step(tuple(needs.get(step.id, ()))) for step in self.steps)
        return Graph(steps=steps, flow="needs")

    def _needs(self, faults: Faults) -> dict[str, dict[str, None]]:
        """Return the ids that each step needs, in the order of the edges."""
        if len(self.edges) > MAX_EDGES:
            faults.add(f"must have at most {MAX_EDGES} edges", "edges")
            return {}
        needs: dict[str, dict[str, None]] = {step.id: {} for step in self.steps}
        for index, edge in enumerate(self.edges):
            known = True
            for member, ident in (("from", edge.from_), ("to", edge.to)):
                if ident not in needs:
                    faults.add(f"names the unknown step '{ident[:64]}'", "edges", index, member)
                    known = False
            if known and edge.from_ == edge.to:
                faults.add("must lead to another step", "edges", index, "to")
            elif known and edge.from_ in needs[edge.to]:
                faults.add("is there already", "edges", index)
            elif known:
                needs[edge.to][edge.from_] = None
        return needs
