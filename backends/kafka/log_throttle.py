"""Rate limiting of aiokafka's log, which repeats each error ten times a second during an outage."""

import logging
import time

PERIOD_S = 30.0

_LIBRARY = "aiokafka"


class ThrottleFilter(logging.Filter):
    """Passes one line per format string and `PERIOD_S`, whatever its arguments."""

    def __init__(self) -> None:
        super().__init__()
        self._last_passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether no line of the same format string passed within `PERIOD_S`."""
        template, now = str(record.msg), time.monotonic()
        due = now - self._last_passed.get(template, -PERIOD_S) >= PERIOD_S
        if due:
            self._last_passed[template] = now
        return due


_throttle = ThrottleFilter()
_without_log = logging.NullHandler()
"""Keeps Python from printing records to stderr where no log is set up."""


def throttle_library_logs() -> None:
    """Throttle all loggers of aiokafka and drop lines below the level warning; idempotent.

    A command that shows no log reports failures itself.
    """
    logging.getLogger(_LIBRARY).setLevel(logging.WARNING)
    logging.getLogger(_LIBRARY).addHandler(_without_log)
    names = [name for name in logging.root.manager.loggerDict if name.startswith(_LIBRARY)]
    for name in names:
        logging.getLogger(name).addFilter(_throttle)
