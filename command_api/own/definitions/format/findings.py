"""The findings in one document: its faults, and the members that the format doesn't know."""

from collections.abc import Collection, Mapping
from typing import Final, TypeAlias, TypeVar

from baton.command_api.http.strictness import DocumentMember, unknown_member
from baton.domain.durations import EXAMPLES, parse_duration
from baton.domain.errors import Fault
from baton.domain.json import JsonObject

Path: TypeAlias = tuple[str | int, ...]
Text = TypeVar("Text", bound=str)

NOT_YET: Final = "is not yet possible: Baton reserves the word for a later version"
EXPRESSION: Final = "holds `${`, which is reserved for expressions: they are not yet possible"
_OPENS_EXPRESSION: Final = "${"


class Findings:
    """Collects every fault and every unknown member of a document, in its order."""

    __slots__ = ("faults", "unknown")

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.unknown: list[Fault] = []

    def add(self, message: str, path: Path) -> None:
        """Add a fault at `path`."""
        self.faults.append(Fault(_written(path), message))

    def without_expressions(self, value: object, path: Path) -> None:
        """Add a fault if a text in `value` opens an expression."""
        if _opens_expression(value):
            self.add(EXPRESSION, path)


class Members:
    """One object of a document. A member of another type than requested is a fault.

    Args:
        value: The object.
        path: Its path in the document.
        findings: Collects the faults and the unknown members.
    """

    __slots__ = ("findings", "path", "value")

    def __init__(self, value: JsonObject, path: Path, findings: Findings) -> None:
        self.value = value
        self.path = path
        self.findings = findings

    def fault(self, message: str, *name: str | int) -> None:
        """Add a fault of a member, or of the whole object."""
        self.findings.add(message, (*self.path, *name))

    def text(self, name: str, *, required: bool = False, literal: bool = False) -> str | None:
        """Return a text, None if it is missing; a `literal` text may hold `${`."""
        if name not in self.value:
            if required:
                self.fault("required", name)
            return None
        value = self.value[name]
        if not isinstance(value, str):
            self.fault("must be a text", name)
            return None
        if not literal:
            self.findings.without_expressions(value, (*self.path, name))
        return value

    def choice(
        self, name: str, allowed: Collection[Text], later: Collection[str] = ()
    ) -> Text | None:
        """Return one of `allowed`, None if the member is missing; the words of `later` are not yet.

        Args:
            name: The member.
            allowed: The words that may be used.
            later: The words that are reserved.
        """
        value = self.value.get(name)
        if name not in self.value:
            return None
        for word in allowed:
            if word == value:
                return word
        reserved = value in later if isinstance(value, str) else bool(later)
        self.fault(NOT_YET if reserved else f"must be one of {', '.join(allowed)}", name)
        return None

    def duration(self, name: str) -> int | None:
        """Return a duration in ms, None if it is missing; the long forms are not possible yet."""
        if name not in self.value:
            return None
        value = self.value[name]
        duration_ms = parse_duration(value)
        if duration_ms is None:
            long_form = isinstance(value, dict)
            self.fault(NOT_YET if long_form else f"must be a duration such as {EXAMPLES}", name)
        return duration_ms

    def integer(self, name: str) -> int | None:
        """Return a whole number, None if it is missing."""
        value = self.value.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if name in self.value:
            self.fault("must be a whole number", name)
        return None

    def number(self, name: str) -> float | None:
        """Return a number, None if it is missing."""
        value = self.value.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if name in self.value:
            self.fault("must be a number", name)
        return None

    def flag(self, name: str) -> bool | None:
        """Return true or false, None if the member is missing."""
        value = self.value.get(name)
        if isinstance(value, bool):
            return value
        if name in self.value:
            self.fault("must be true or false", name)
        return None

    def array(self, name: str) -> list[object] | None:
        """Return a list, None if it is missing."""
        value = self.value.get(name)
        if isinstance(value, list):
            return value
        if name in self.value:
            self.fault("must be a list", name)
        return None

    def only(self, known: Collection[str], later: Collection[str] = ()) -> None:
        """Refuse the members of `later`, and take note of those that aren't `known` either."""
        for name in self.value:
            if name in later:
                self.fault(NOT_YET, name)
            elif name not in known:
                self.findings.unknown.append(unknown_member((*self.path, name), known))


def as_members(value: object, path: Path, findings: Findings) -> Members | None:
    """Return the members of an object; anything else is a fault."""
    if isinstance(value, dict):
        return Members(value, path, findings)
    findings.add("must be an object", path)
    return None


def _written(path: Path) -> Path:
    return tuple(DocumentMember(part) if isinstance(part, str) else part for part in path)


def _opens_expression(value: object) -> bool:
    waiting = [value]
    while waiting:
        member = waiting.pop()
        if isinstance(member, str) and _OPENS_EXPRESSION in member:
            return True
        if isinstance(member, Mapping):
            waiting += [*member.keys(), *member.values()]
        elif isinstance(member, list | tuple):
            waiting += member
    return False
