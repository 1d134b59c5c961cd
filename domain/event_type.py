"""The types of events that start runs: those about records, and any other CloudEvents type.

A type that begins like those about records must be one of them, so that a mistyped one is noticed.
Types that begin with `baton.` are Baton's own.
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
"""Characters of a type."""
_ABOUT_RECORDS: Final = ("record.", "record_", "records.", "records_")
_OWN: Final = "baton."


def type_fault(event_type: str) -> str | None:
    """Return why no event may have this type, None if one may."""
    if event_type in RECORD_TYPES:
        return None
    if event_type.startswith(_ABOUT_RECORDS):
        return f"must be one of {', '.join(RECORD_TYPES)}, or not begin with record"
    if event_type.startswith(_OWN):
        return f"must not begin with {_OWN}"
    if not 0 < len(event_type) <= MAX_TYPE:
        return f"must have 1 to {MAX_TYPE} characters"
    return None if is_plain(event_type) else NOT_PLAIN
