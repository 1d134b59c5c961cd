"""Keeps what a stranger sent out of the log.

aiohttp logs a malformed request with a traceback that holds the sender's bytes (3.14): one line
without them says as much, and cannot be used to write into the log.
"""

import logging

from aiohttp.http_exceptions import HttpProcessingError

SERVER_LOG = "aiohttp.server"


class NoForeignBytes(logging.Filter):
    """Turns the record of a malformed request into a plain sentence."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always let the record through, without message and traceback of a malformed request."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (HttpProcessingError, UnicodeError)):
            record.msg = "A malformed request was refused (%s)"
            record.args = (type(error).__name__,)
            record.exc_info = None
            record.exc_text = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def install() -> None:
    """Put the filter on aiohttp's server log, once."""
    log = logging.getLogger(SERVER_LOG)
    if not any(isinstance(one, NoForeignBytes) for one in log.filters):
        log.addFilter(NoForeignBytes())
