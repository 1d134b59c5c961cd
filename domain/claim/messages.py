"""Commands and events of a claim. Event names and fields are the storage format.

The stream's id is the claimed name. `slug:{slug}` and `path:{path}` are held by a definition, by
its id; `user:{name}` is held by the stream of a user, by its name. Times are milliseconds since the
epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias


def slug_claim(slug: str) -> str:
    """Return the name that claims the slug of a definition."""
    return f"slug:{slug}"


def path_claim(path: str) -> str:
    """Return the name that claims a webhook path."""
    return f"path:{path}"


def user_claim(name: str) -> str:
    """Return the claim of a user's name, which is unique on the whole server."""
    return f"user:{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimName:
    """Claim `name` for `holder`; refused while it has another holder."""

    name: str
    holder: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseName:
    """Release `name`; does nothing unless `holder` holds it."""

    name: str
    holder: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NameClaimed:
    """`holder` holds the name now."""

    name: str
    holder: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReleased:
    """The name is free again; `holder` had held it."""

    name: str
    holder: str
    at: int


Command: TypeAlias = ClaimName | ReleaseName
Event: TypeAlias = NameClaimed | NameReleased
