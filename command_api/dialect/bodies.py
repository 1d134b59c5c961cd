"""Request bodies: strict types, camelCase members, unknown members ignored with a warning.

Read-only members (ids, versions, times, authors) are in no model, so a client can send back a
document that it has read; `read_only` names them, so that they cause no warning.
"""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from baton.command_api.http.refusal import Refused
from baton.domain.errors import Fault

REQUIRED = "required"


class Model(BaseModel):
    """A JSON object of a request; see `baton.command_api.http.strictness`."""

    read_only: ClassVar[frozenset[str]] = frozenset()

    model_config = ConfigDict(
        strict=True, frozen=True, alias_generator=to_camel, extra="ignore", allow_inf_nan=False
    )


class Faults:
    """Collects the faults of a body, so that one response names them all."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, message: str, *path: str | int) -> None:
        """Add a fault at `path`, made of member names and array indexes."""
        self._found.append(Fault(path, message))

    def require(self, value: object, *path: str | int) -> None:
        """Add the fault "required" at `path` if `value` is None."""
        if value is None:
            self.add(REQUIRED, *path)

    def raise_if_any(self) -> None:
        """Raise Refused 400 if there is any fault."""
        if self._found:
            raise invalid(self._found)


def invalid(faults: Sequence[Fault]) -> Refused:
    """Return a 400 that names `faults`."""
    return Refused("validation_error", "Invalid request body", faults=tuple(faults))
