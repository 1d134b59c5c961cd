"""Request bodies: strict types, camelCase members, unknown members ignored with a warning.

Read-only members (ids, versions, times, authors) are in no model, so a client can send back a
document that it has read; `read_only` names them, so that they cause no warning.
"""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from baton.command_api.http.refusal import MAX_FAULTS, Refused
from baton.domain.definition.graph import Condition, Operator
from baton.domain.errors import Fault
from baton.domain.json import Json

REQUIRED = "required"
WITHOUT_VALUE: frozenset[Operator] = frozenset(("exists", "notExists"))
"""The operators that take no value."""


class Model(BaseModel):
    """A JSON object of a request; see `baton.command_api.http.strictness`."""

    read_only: ClassVar[frozenset[str]] = frozenset()

    model_config = ConfigDict(
        strict=True, frozen=True, alias_generator=to_camel, extra="ignore", allow_inf_nan=False
    )


class NoMembers(Model):
    """A body that may be sent and has no members."""


class Faults:
    """Collects the faults of a body, so that one response names up to `MAX_FAULTS` of them."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, message: str, *path: str | int) -> None:
        """Add a fault at `path`, made of member names and array indexes."""
        if len(self._found) < MAX_FAULTS:
            self._found.append(Fault(path, message))

    def require(self, value: object, *path: str | int) -> None:
        """Add the fault "required" at `path` if `value` is None."""
        if value is None:
            self.add(REQUIRED, *path)

    def raise_if_any(self) -> None:
        """Raise Refused 400 if there is any fault."""
        if self._found:
            raise invalid(self._found)


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
        has_value = "value" in self.model_fields_set
        if self.op not in WITHOUT_VALUE and not has_value and self.value_path is None:
            faults.add(REQUIRED, *path, "value")
        if has_value and self.value_path is not None:
            faults.add("can't be combined with valuePath", *path, "value")


def invalid(faults: Sequence[Fault]) -> Refused:
    """Return a 400 that names `faults`."""
    return Refused("validation_error", "Invalid request body", faults=tuple(faults))
