"""Keeps the library's log readable: while a broker is away, it says the same ten times a second."""

import logging
import time

PERIOD_S = 30.0

_LIBRARY = "aiokafka"


class ThrottleFilter(logging.Filter):
    """Lets each kind of line through once per `PERIOD_S`."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether this line is the first of its kind for some time."""
        kind, now = str(record.msg), time.monotonic()
        due = now - self._last.get(kind, -PERIOD_S) >= PERIOD_S
        if due:
            self._last[kind] = now
        return due


_seldom = ThrottleFilter()


def throttle_library_logs() -> None:
    """Have all loggers of the library do so, and tell no everyday news; once is enough."""
    logging.getLogger(_LIBRARY).setLevel(logging.WARNING)
    names = [name for name in logging.root.manager.loggerDict if name.startswith(_LIBRARY)]
    for name in names:
        logging.getLogger(name).addFilter(_seldom)
