"""Labels of versions: the text by which a publisher names a version, such as `2.10.1`.

A label consists of whole numbers without leading zeros, separated by dots, so that different labels
never have the same place in the order.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from baton.domain.errors import Fault

MAX_LENGTH: Final = 64
"""The largest number of characters of a publisher's label."""
_LONGEST: Final = MAX_LENGTH + 1
"""The length of the longest label: the whole number after 64 nines has 65 digits."""
_LABEL: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*", re.ASCII)
_BAD_LABEL: Final = Fault(
    ("label",),
    f"must be dotted whole numbers without leading zeros, of at most {MAX_LENGTH} characters",
)


def is_label(text: str) -> bool:
    """Return whether `text` is a label, given by a publisher or made by `next_label`."""
    return len(text) <= _LONGEST and _LABEL.fullmatch(text) is not None


def faults_of_label(label: str | None) -> list[Fault]:
    """Return the fault of a publisher's label; no fault for a valid label and for None."""
    if label is None or (len(label) <= MAX_LENGTH and is_label(label)):
        return []
    return [_BAD_LABEL]


@lru_cache(maxsize=4_096)
def order_of(label: str) -> tuple[int, ...]:
    """Return the numbers of a label, by which labels are sorted; `1` comes before `1.0`."""
    return tuple(int(number) for number in label.split("."))


def next_label(labels: Iterable[str]) -> str:
    """Return the smallest whole number above all `labels`, for a version without a label."""
    return str(max((order_of(label)[0] for label in labels), default=0) + 1)
