"""The form of a dialect's definitions, by which a client detects the dialect of a document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from baton.domain.definition.messages import Body
from baton.domain.errors import Fault


class CheckedDefinition(NamedTuple):
    """A definition that was read without a server.

    `faults` and the `unknown` members are in the dialect's words; `body` is None with faults.
    """

    faults: list[Fault]
    unknown: list[Fault]
    body: Body | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionFormat:
    """The paths and the members by which a client finds a dialect's definitions.

    Args:
        collection: Path behind the base. POST creates a definition, GET lists all; PUT and DELETE
            work on `collection/{id}`.
        start: Path behind `collection/{id}` whose POST starts a run; empty if there is none.
        required: Members that every definition of the dialect has.
        distinctive: Members that no other dialect knows.
        functions: Members that name a function, as dotted paths; `[]` is each element of a list.
        units: Members that other dialects count in another unit, as dotted paths, with the unit.
        slug_from: Member that gives a definition's slug. If it isn't "slug", the slug is made from
            its text, and every POST creates another definition.
        marks: Members of which a definition of the dialect has at least one, as dotted paths; `[]`
            is each element of a list. A document with another dialect's marks is not in a dialect
            without marks.
        preferred: Whether a document that several dialects accept is read in this one.
        by_version: Whether each change is another version, which is created by POST and shown at
            `collection/{slug}/{version}`. Then there is no PUT, and `start` is unused.
    """

    collection: str
    required: tuple[str, ...]
    start: str = ""
    distinctive: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    slug_from: str = "slug"
    marks: tuple[str, ...] = ()
    preferred: bool = False
    by_version: bool = False
