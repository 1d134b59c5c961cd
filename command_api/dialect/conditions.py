"""Conditions as documents write them: `{path, op, value?, valuePath?}`."""

from baton.command_api.dialect.bodies import REQUIRED, Faults, Model
from baton.domain.definition.graph import Condition, Operator
from baton.domain.json import Json, JsonObject

_WITHOUT_VALUE: frozenset[Operator] = frozenset(("exists", "notExists"))


class ConditionBody(Model):
    """One comparison; a `value` of null is a value."""

    path: str
    op: Operator
    value: Json = None
    value_path: str | None = None

    def to_condition(self) -> Condition:
        """Return the core's condition."""
        return Condition(path=self.path, op=self.op, value=self.value, value_path=self.value_path)

    def check(self, faults: Faults, *path: str | int) -> None:
        """Add a fault if a value is missing, or stands beside a path to another one.

        Args:
            faults: Collects the faults.
            path: The path of the condition in its document.
        """
        given = "value" in self.model_fields_set
        if self.op not in _WITHOUT_VALUE and not given and self.value_path is None:
            faults.add(REQUIRED, *path, "value")
        if given and self.value_path is not None:
            faults.add("can't stand beside valuePath", *path, "value")


def render_condition(condition: Condition) -> JsonObject:
    """Return the condition without the members that its operator doesn't use."""
    shown: JsonObject = {"path": condition.path, "op": condition.op}
    if condition.value_path is not None:
        shown["valuePath"] = condition.value_path
    elif condition.op not in _WITHOUT_VALUE:
        shown["value"] = condition.value
    return shown
