"""Keeps bytes of malformed requests out of the log.

aiohttp 3.14 logs a malformed request with a traceback that quotes the sender's bytes, so any client
could write to the log. The filter logs one line without them.
"""

import logging

from aiohttp.http_exceptions import HttpProcessingError

SERVER_LOG = "aiohttp.server"


class MalformedRequestFilter(logging.Filter):
    """Rewrites the record of a malformed request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace message and traceback of a malformed request; let every record pass."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (HttpProcessingError, UnicodeError)):
            record.msg = "A malformed request was refused (%s)"
            record.args = (type(error).__name__,)
            record.exc_info = None
            record.exc_text = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def install() -> None:
    """Add the filter to the log of aiohttp's server, unless it is there."""
    log = logging.getLogger(SERVER_LOG)
    if not any(isinstance(one, MalformedRequestFilter) for one in log.filters):
        log.addFilter(MalformedRequestFilter())
