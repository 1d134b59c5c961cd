"""`ctx.log`: a logger that also keeps each line for the attempt's log."""

import logging
import sys
from types import TracebackType
from typing import Any, Protocol

from baton.domain.json import JsonObject
from baton.eventlog.function_logs.lines import LogLine, level_word, log_line
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.call import Call

LOGGER = logging.getLogger("baton.functions")
KEPT_FROM = logging.INFO
"""The lowest level of lines that are kept, independent of the level of the service's own log."""

_FORMATTER = logging.Formatter()


class LogSink(Protocol):
    """Keeps the logs of attempts; its methods are called in any thread."""

    def keep(self, call: Call, line: LogLine) -> None:
        """Keep a line that the function of `call` logged or printed."""
        ...

    def omit(self, call: Call, lines: int) -> None:
        """Record that `lines` lines are missing before the next one."""
        ...


class NoLogs:
    """Implements `LogSink`: keeps nothing."""

    def keep(self, call: Call, line: LogLine) -> None:
        """Drop the line."""

    def omit(self, call: Call, lines: int) -> None:
        """Drop the count."""


class AttemptLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines carry the ids of an attempt, and are kept as the attempt's log.

    Args:
        call: The attempt.
        extra: The ids, for the lines in the service's own log.
        logs: Keeps each line from the level `KEPT_FROM` on.
        clock: Gives the lines their times.
    """

    def __init__(self, call: Call, extra: JsonObject, logs: LogSink, clock: Clock) -> None:
        super().__init__(LOGGER, extra)
        self._call = call
        self._logs = logs
        self._clock = clock

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Keep a line and write it to the service's log; a malformed line is kept unformatted."""
        if level >= KEPT_FROM or self.isEnabledFor(level):
            text = _text(level, msg, args, kwargs.get("exc_info"))
            self._logs.keep(self._call, log_line(self._clock.now(), level_word(level), text))
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        super().log(level, msg, *args, **kwargs)


def _text(level: int, msg: object, args: tuple[object, ...], exc_info: object) -> str:
    """Return a line as `logging` formats it, with the traceback of its exception."""
    record = logging.LogRecord(LOGGER.name, level, "", 0, msg, args, _exception(exc_info))
    try:
        return _FORMATTER.format(record)
    except Exception:  # noqa: BLE001 - as `logging` does, spare the function a faulty line
        return f"{msg!r} {args!r}"


def _exception(
    exc_info: object,
) -> tuple[type[BaseException], BaseException, TracebackType | None] | None:
    error = sys.exception() if exc_info and not isinstance(exc_info, BaseException) else exc_info
    if not isinstance(error, BaseException):
        return None
    return type(error), error, error.__traceback__
