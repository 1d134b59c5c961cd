"""How request bodies are read: strictly, by their camelCase names, unknown members ignored.

Members that a client may only read (ids, versions, times, authors) are in no model, so that a
document that was read back can be sent again and changes nothing it must not change.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from baton.command_api.http.refusal import Refused
from baton.domain.errors import Fault

REQUIRED = "required"


class Model(BaseModel):
    """A JSON object of a request."""

    model_config = ConfigDict(
        strict=True, frozen=True, alias_generator=to_camel, extra="ignore", allow_inf_nan=False
    )


class Faults:
    """Collects what is wrong with a body, so that one answer names all of it."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, message: str, *path: str | int) -> None:
        """Remember one wrong place."""
        self._found.append(Fault(path, message))

    def require(self, value: object, *path: str | int) -> None:
        """Remember the place as missing when there is no value."""
        if value is None:
            self.add(REQUIRED, *path)

    def raise_if_any(self) -> None:
        """Raise Refused 400 when something was found."""
        if self._found:
            raise invalid(self._found)


def invalid(faults: Sequence[Fault]) -> Refused:
    """Return the 400 that names `faults`."""
    return Refused("validation_error", "Invalid request body", faults=tuple(faults))
