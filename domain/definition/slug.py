"""Slugs: the short names that identify the definitions of a tenant."""

import re
import unicodedata
from typing import Final

MAX_LENGTH: Final = 63
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+", re.ASCII)


def is_slug(text: str) -> bool:
    """Return whether `text` matches `[a-z0-9][a-z0-9-]{0,62}`."""
    return _SLUG.fullmatch(text) is not None


def slug_of(name: str, number: int = 1) -> str:
    """Return a slug made from `name`, or `definition` if none of its characters can be used.

    Args:
        name: Any text.
        number: Distinguishes slugs of the same name: from 2 on, the slug ends with `-{number}`.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = _NOT_IN_SLUG.sub("-", plain).strip("-") or "definition"
    suffix = f"-{number}" if number > 1 else ""
    return slug[: MAX_LENGTH - len(suffix)].rstrip("-") + suffix
