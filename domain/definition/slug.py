"""Slugs: the short names by which a tenant's definitions are known."""

import re
import unicodedata
from typing import Final

MAX_LENGTH: Final = 63
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+", re.ASCII)


def is_slug(text: str) -> bool:
    """Return whether `text` is `[a-z0-9][a-z0-9-]{0,62}`."""
    return _SLUG.fullmatch(text) is not None


def slug_of(name: str, number: int = 1) -> str:
    """Return the slug of a name, `definition` where nothing is left; from 2 on with `-{number}`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = _NOT_IN_SLUG.sub("-", plain).strip("-") or "definition"
    suffix = f"-{number}" if number > 1 else ""
    return slug[: MAX_LENGTH - len(suffix)].rstrip("-") + suffix
