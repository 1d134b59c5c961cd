"""The number of random changes that tests of evidence make: few as a rule, or as many as asked."""

import os
from typing import Final

ASKED: Final = int(os.environ.get("BATON_TEST_MUTATIONS", "0"))
"""Changes of a store and of an export that were asked for (`make mutations`); 0 for the usual."""


def mutations(usual: int) -> int:
    """Return the number of changes to make."""
    return ASKED or usual
