"""Predicts the outcome of a run step by step, without events: a second statement of the rules."""

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeAlias

from baton.domain.definition.graph import Compute, Condition, Decision, Graph, Step
from baton.domain.json import JsonObject
from tests.simulation.plans import Behaviour, Plan

Visit: TypeAlias = tuple[str, int]
"""A step and the number of its visit."""


@dataclass(slots=True)
class RunOutcome:
    """The outcome of a run. `visits` counts the activations of each step."""

    status: str = "completed"
    has_errors: bool = False
    visits: Counter[str] = field(default_factory=Counter)
    outputs: dict[str, int] = field(default_factory=dict)
    context: JsonObject = field(default_factory=dict)


def predict(plan: Plan, given: JsonObject, lost: AbstractSet[Visit] = frozenset()) -> RunOutcome:
    """Return the outcome that every run of `plan` on this input must have, under any faults.

    Args:
        lost: The visits during which so many executors crashed that the step failed.
    """
    if plan.graph.flow == "next":
        return _Walk(plan, given, lost).by_next()
    return _Walk(plan, given, lost).by_needs()


def succeeds(step: Compute, behaviour: Behaviour) -> bool:
    """Return whether the step succeeds within its attempts."""
    tries = step.retry.max_attempts if step.retry else 1
    match behaviour.kind:
        case "succeed":
            return True
        case "fail at first":
            return behaviour.failures < tries
        case _:
            return False


class _Walk:
    def __init__(self, plan: Plan, given: JsonObject, lost: AbstractSet[Visit]) -> None:
        self._lost = lost
        self._plan = plan
        self._input = given
        self._outcome = RunOutcome()
        self._skipped: set[str] = set()

    def by_next(self) -> RunOutcome:
        """Follow the next pointers until a step has none, fails, or reaches the loop limit."""
        graph, outcome = self._plan.graph, self._outcome
        step: Step | None = graph.steps[0]
        while step is not None:
            if outcome.visits.total() >= graph.loop_limit:
                outcome.status = "failed"
                return outcome
            if not self._enter(step):
                self._fail([step])
                return outcome
            step = self._following(graph, step)
        return outcome

    def by_needs(self) -> RunOutcome:
        """Activate every step whose needs are met, until no further step is ready."""
        done: set[str] = set()
        failed: list[Step] = []
        while ready := [
            step
            for step in self._plan.graph.steps
            if not self._outcome.visits[step.id] and done.issuperset(step.needs)
        ]:
            for step in ready:
                if self._enter(step):
                    done.add(step.id)
                else:
                    failed.append(step)
        if failed:
            self._fail(failed)
        return self._outcome

    def _enter(self, step: Step) -> bool:
        """Activate the step; False if all its attempts fail."""
        outcome = self._outcome
        outcome.visits[step.id] += 1
        if not self._hold(step.when):
            self._skipped.add(step.id)
            return True
        self._skipped.discard(step.id)
        if not isinstance(step, Compute):
            return True
        behaviour = self._plan.behaviours[step.id]
        visit = (step.id, outcome.visits[step.id])
        if visit in self._lost or not succeeds(step, behaviour):
            return False
        outcome.outputs[step.id] = behaviour.output
        if behaviour.context:
            outcome.context[step.id] = behaviour.output
        return True

    def _fail(self, failed: list[Step]) -> None:
        allowed = all(isinstance(step, Compute) and step.on_failure == "end" for step in failed)
        self._outcome.status = "completed" if allowed else "failed"
        self._outcome.has_errors = True

    def _following(self, graph: Graph, step: Step) -> Step | None:
        if isinstance(step, Decision):
            cases = () if step.id in self._skipped else step.cases
            chosen = [case.next for case in cases if self._hold(case.conditions)]
            following = chosen[0] if chosen else step.default_next
        elif isinstance(step, Compute) and step.on_success_next:
            following = step.on_success_next
        else:
            following = step.next
        return graph.by_id[following] if following else None

    def _hold(self, conditions: tuple[Condition, ...]) -> bool:
        for condition in conditions:
            if condition.op == "gt":
                if self._input.get("amount") != 500:
                    return False
            elif self._outcome.outputs.get(condition.path.split(".")[1]) != condition.value:
                return False
        return True
