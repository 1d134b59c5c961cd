"""Predicts how a run ends, step by step and without events: the rules told a second time."""

from collections import Counter
from dataclasses import dataclass, field

from baton.domain.definition.graph import Compute, Condition, Decision, Graph, Step
from baton.domain.json import JsonObject
from tests.simulation.plans import Behaviour, Plan


@dataclass(slots=True)
class End:
    """How a run ended. `visits` counts how often each step was entered."""

    status: str = "completed"
    has_errors: bool = False
    visits: Counter[str] = field(default_factory=Counter)
    outputs: dict[str, int] = field(default_factory=dict)
    context: JsonObject = field(default_factory=dict)


def predict(plan: Plan, given: JsonObject) -> End:
    """Return how every run of `plan` on this input has to end, whatever happens to Baton."""
    if plan.graph.flow == "next":
        return _Walk(plan, given).by_next()
    return _Walk(plan, given).by_needs()


def succeeds(step: Compute, behaviour: Behaviour) -> bool:
    """Say whether the step is done in the end, with its retries."""
    tries = step.retry.max_attempts if step.retry else 1
    match behaviour.kind:
        case "succeed":
            return True
        case "fail at first":
            return behaviour.failures < tries
        case _:
            return False


class _Walk:
    def __init__(self, plan: Plan, given: JsonObject) -> None:
        self._plan = plan
        self._input = given
        self._end = End()

    def by_next(self) -> End:
        """One step after the other, until one points nowhere, fails, or it is too many."""
        graph, end = self._plan.graph, self._end
        step: Step | None = graph.steps[0]
        while step is not None:
            if end.visits.total() >= graph.loop_limit:
                end.status = "failed"
                return end
            if not self._enter(step):
                self._fail([step])
                return end
            step = self._following(graph, step)
        return end

    def by_needs(self) -> End:
        """Whatever has what it needs, until there is nothing more of the kind."""
        done: set[str] = set()
        failed: list[Step] = []
        while ready := [
            step
            for step in self._plan.graph.steps
            if not self._end.visits[step.id] and done.issuperset(step.needs)
        ]:
            for step in ready:
                if self._enter(step):
                    done.add(step.id)
                else:
                    failed.append(step)
        if failed:
            self._fail(failed)
        return self._end

    def _enter(self, step: Step) -> bool:
        """Perform the step; False when it fails for good."""
        end = self._end
        end.visits[step.id] += 1
        if not isinstance(step, Compute) or not self._hold(step.when):
            return True
        behaviour = self._plan.behaviours[step.id]
        if not succeeds(step, behaviour):
            return False
        end.outputs[step.id] = behaviour.output
        if behaviour.context:
            end.context[step.id] = behaviour.output
        return True

    def _fail(self, failed: list[Step]) -> None:
        allowed = all(isinstance(step, Compute) and step.on_failure == "end" for step in failed)
        self._end.status = "completed" if allowed else "failed"
        self._end.has_errors = True

    def _following(self, graph: Graph, step: Step) -> Step | None:
        if isinstance(step, Decision):
            chosen = [case.next for case in step.cases if self._hold(case.conditions)]
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
            elif self._end.outputs.get(condition.path.split(".")[1]) != condition.value:
                return False
        return True
