"""Reads Centrali's list of steps into the core's graph."""

from dataclasses import replace
from typing import Literal, assert_never

from pydantic import Field

from baton.command_api.dialect.bodies import ConditionBody, Faults, Model
from baton.domain.definition.graph import (
    DEFAULT_TIMEOUT_MS,
    Case,
    Compute,
    Decision,
    Delay,
    Graph,
    Retry,
    Step,
    Sync,
)
from baton.domain.json import JsonObject

_MEMBERS_OF: dict[str, frozenset[str]] = {
    "compute": frozenset(
        (
            *("functionId", "config", "timeoutMs", "retry", "onSuccess", "onFailure"),
            "nextStepId",
        )
    ),
    "decision": frozenset(("cases", "defaultNextStepId")),
    "delay": frozenset(("delayMs", "nextStepId")),
}
"""The members that a step has because of its type."""
_KIND_MEMBERS: frozenset[str] = frozenset().union(*_MEMBERS_OF.values())


class CaseBody(Model):
    """One case of a decision."""

    conditions: list[ConditionBody]
    next_step_id: str | None = Field(description="Next step; null ends the run")

    def to_case(self) -> Case:
        """Return the core's case."""
        conditions = tuple(each.to_condition() for each in self.conditions)
        return Case(conditions=conditions, next=self.next_step_id)


class RetryBody(Model):
    """The attempts of a compute step, and the first backoff in milliseconds."""

    max_attempts: int | None = None
    backoff_ms: int | None = None

    def to_retry(self) -> Retry:
        """Return the core's retry policy, with its defaults for members that are missing."""
        members = {
            name: value
            for name, value in (
                ("max_attempts", self.max_attempts),
                ("backoff_ms", self.backoff_ms),
            )
            if value is not None
        }
        return replace(Retry(), **members)


class OnSuccessBody(Model):
    """The step that follows a compute step which succeeded."""

    next_step_id: str | None = None


class OnFailureBody(Model):
    """The run's reaction to the failure of a compute step's last attempt: it fails or ends."""

    action: Literal["fail", "end"] | None = None


class StepBody(Model):
    """A step of any kind; members of other kinds are ignored, with a warning."""

    id: str
    type: Literal["compute", "decision", "delay"]
    name: str | None = None
    function_id: str | None = None
    config: JsonObject | None = None
    timeout_ms: int | None = None
    retry: RetryBody | None = None
    on_success: OnSuccessBody | None = None
    on_failure: OnFailureBody | None = None
    cases: list[CaseBody] | None = None
    default_next_step_id: str | None = None
    delay_ms: int | None = None
    next_step_id: str | None = Field(default=None, description="Next step; null ends the run")

    @property
    def unused_members(self) -> frozenset[str]:
        """The names of members that a step of this type doesn't have."""
        return _KIND_MEMBERS - _MEMBERS_OF[self.type]

    def to_step(self) -> Step:
        """Return the core's step; `check` must have found no fault."""
        match self.type:
            case "compute":
                return self._compute()
            case "decision":
                return Decision(
                    id=self.id,
                    name=self.name,
                    cases=tuple(case.to_case() for case in self.cases or ()),
                    default_next=self.default_next_step_id,
                )
            case "delay":
                return Delay(
                    id=self.id,
                    name=self.name,
                    delay_ms=self.delay_ms or 0,
                    next=self.next_step_id,
                )
        assert_never(self.type)

    def _compute(self) -> Compute:
        return Compute(
            id=self.id,
            name=self.name,
            function=self.function_id or "",
            config=self.config,
            timeout_ms=DEFAULT_TIMEOUT_MS if self.timeout_ms is None else self.timeout_ms,
            retry=self.retry.to_retry() if self.retry else None,
            next=self.next_step_id,
            on_success_next=self.on_success.next_step_id if self.on_success else None,
            on_failure=self.on_failure.action if self.on_failure else None,
        )


def check(steps: list[StepBody], faults: Faults, before: Graph | None = None) -> None:
    """Add a fault for each member that a step's kind requires and the step lacks.

    Args:
        steps: The steps as sent.
        faults: Collects the faults.
        before: The definition's graph so far. If a case of it ends the run, which Centrali shows as
            null, cases may be sent back so.
    """
    endings = before is not None and any(map(_may_end, before.steps))
    for index, step in enumerate(steps):
        match step.type:
            case "compute":
                faults.require(step.function_id, "steps", index, "functionId")
            case "decision":
                faults.require(step.cases, "steps", index, "cases")
                _check_cases(step.cases or [], index, faults, endings=endings)
            case "delay":
                faults.require(step.delay_ms, "steps", index, "delayMs")
            case _:
                assert_never(step.type)


def _may_end(step: Step) -> bool:
    return isinstance(step, Decision) and any(case.next is None for case in step.cases)


def _check_cases(cases: list[CaseBody], step: int, faults: Faults, *, endings: bool) -> None:
    for number, case in enumerate(cases):
        if not endings:
            faults.require(case.next_step_id, "steps", step, "cases", number, "nextStepId")
        for place, condition in enumerate(case.conditions):
            condition.check(faults, "steps", step, "cases", number, "conditions", place)


def graph_of(steps: list[StepBody]) -> Graph:
    """Return the graph of `steps`; a run starts at the first."""
    return Graph(steps=tuple(step.to_step() for step in steps))


def graph_after(steps: list[StepBody], before: Graph) -> Graph:
    """Return the graph of `steps`, which replaces `before`.

    A step keeps the members of its predecessor with the same id that Centrali can't express, such
    as the growth of its backoff.
    """
    return Graph(
        steps=tuple(_kept(step.to_step(), before.by_id.get(step.id)) for step in steps),
        loop_limit=before.loop_limit,
    )


def is_expressible(graph: Graph) -> bool:
    """Return whether Centrali's steps can say in which order and on which conditions steps run."""
    if graph.flow == "needs":
        return False
    return not any(isinstance(step, Sync) or bool(step.when) for step in graph.steps)


def _kept(step: Step, before: Step | None) -> Step:
    if before is None or before.kind != step.kind:
        return step
    if isinstance(step, Compute) and isinstance(before, Compute) and step.retry and before.retry:
        step = replace(step, retry=replace(step.retry, multiplier=before.retry.multiplier))
    return replace(step, description=before.description)
