"""Commands and events of a claim. Event names and fields are the storage format.

The stream's id is the name itself: `slug:{slug}` or `path:{path}`.
"""

from dataclasses import dataclass
from typing import TypeAlias


def slug_claim(slug: str) -> str:
    """Return the name under which a definition's slug is claimed."""
    return f"slug:{slug}"


def path_claim(path: str) -> str:
    """Return the name under which a webhook path is claimed."""
    return f"path:{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimName:
    """Take `name` for `holder` (a definition's id); refused while somebody else holds it."""

    name: str
    holder: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseName:
    """Give `name` up, when `holder` has it."""

    name: str
    holder: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NameClaimed:
    """`holder` has the name from now on."""

    name: str
    holder: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReleased:
    """The name is free."""

    name: str
    holder: str
    at: int


Command: TypeAlias = ClaimName | ReleaseName
Event: TypeAlias = NameClaimed | NameReleased
