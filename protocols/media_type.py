"""Media types: the type without its parameters, and the charset (RFC 9110, section 8.3.1)."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
"""The charsets of JSON: UTF-8 (RFC 8259, section 8.1), its subset, and no charset.

It is a list, because a codec that a sender names could take quadratic time (`punycode`).
"""
_JSON: Final = re.compile(r"[a-z0-9.!#$&^_+-]+/(?:json|[a-z0-9.!#$&^_+-]+\+json)", re.ASCII)
_PARAMETER: Final = re.compile(
    r";\s*(?P<name>[^\s;=]+)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^\s;\"]*))"
)


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type in lower case, "" if none was given, and the value of its `charset`."""

    name: str = ""
    charset: str = ""

    @property
    def is_json(self) -> bool:
        """Whether the subtype is `json` or ends in `+json`, in a charset that JSON may have."""
        return _JSON.fullmatch(self.name) is not None and self.charset in CHARSETS


@lru_cache(maxsize=256)
def parse_media_type(text: str | None) -> MediaType:
    """Return the media type that a header names; None or an empty text names none."""
    name, _, _ = (text or "").partition(";")
    for parameter in _PARAMETER.finditer(text or ""):
        if parameter["name"].lower() == "charset":
            value = parameter["quoted"] if parameter["plain"] is None else parameter["plain"]
            return MediaType(name.strip().lower(), value.lower())
    return MediaType(name.strip().lower())
