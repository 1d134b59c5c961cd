"""The types of events that start runs: the types of record events, and any other CloudEvents type.

A type that begins with `record` must be a known record type, so that a misspelled one is refused.
Types that begin with `baton.` are reserved for Baton.
"""

from typing import Final

from baton.domain.text import NOT_PLAIN, is_plain

RECORD_TYPES: Final = (
    "record.created",
    "record.updated",
    "record.deleted",
    "record.restored",
    "records.bulk_created",
)
"""The types of record events."""
MAX_TYPE: Final = 200
"""The number of characters that a type may have."""
_ABOUT_RECORDS: Final = ("record.", "record_", "records.", "records_")
_OWN: Final = "baton."


def type_fault(event_type: str) -> str | None:
    """Return why no event may have this type, None for a permitted type."""
    if event_type in RECORD_TYPES:
        return None
    if event_type.startswith(_ABOUT_RECORDS):
        return f"must be one of {', '.join(RECORD_TYPES)}, or not begin with record"
    if event_type.startswith(_OWN):
        return f"must not begin with {_OWN}"
    if not 0 < len(event_type) <= MAX_TYPE:
        return f"must have 1 to {MAX_TYPE} characters"
    return None if is_plain(event_type) else NOT_PLAIN
