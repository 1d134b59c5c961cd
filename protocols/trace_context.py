"""W3C Trace Context: the `traceparent` header, which names a request across services."""

import re
from hashlib import sha256
from typing import Final

_FORM: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}",
    re.ASCII,
)


def is_traceparent(text: str) -> bool:
    """Return whether `text` is a `traceparent`; ids of zeros alone and version ff are invalid."""
    return _FORM.fullmatch(text) is not None


def trace_id_of(text: str | None) -> str | None:
    """Return the trace id of a `traceparent` (32 hex digits), None for any other text."""
    match = None if text is None else _FORM.fullmatch(text)
    return None if match is None else match["trace"]


def derived_traceparent(ident: str) -> str:
    """Return the same `traceparent` for the same `ident`: that of a run whose caller sent none."""
    digest = sha256(f"trace:{ident}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"
