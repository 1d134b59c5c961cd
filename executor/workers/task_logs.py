"""The logs of workers' functions: kept while a task is performed, and sent with its result."""

from collections.abc import Iterator

from baton.domain.json import Json
from baton.domain.run.outcome import Token
from baton.eventlog.function_logs.attempt_log import AttemptLog
from baton.eventlog.function_logs.lines import LEVELS, LogLine, log_line
from baton.executor.functions.attempt_logger import LogSink
from baton.executor.functions.call import Call
from baton.protocols.iso_time import parse_time


class TaskLogs:
    """Implements `LogSink` for a worker: the logs of the tasks that it performs."""

    def __init__(self) -> None:
        self._logs: dict[str, AttemptLog] = {}  # by execution id

    def begin(self, call: Call) -> None:
        """Begin to keep the lines of a task."""
        token = Token(call.step_id, call.visit, call.attempt)
        self._logs[call.execution_id] = AttemptLog(call.tenant, call.run_id, token)

    def end(self, call: Call) -> AttemptLog | None:
        """Return the log of a task and keep no more lines; None if it has no log."""
        log = self._logs.pop(call.execution_id, None)
        if log is None or log.empty:
            return None
        log.close()
        return log

    def keep(self, call: Call, line: LogLine) -> None:
        """Keep a line that the function of `call` logged or printed."""
        if (log := self._logs.get(call.execution_id)) is not None:
            log.add(line)

    def omit(self, call: Call, lines: int) -> None:
        """Record that `lines` lines are missing before the next one."""
        if (log := self._logs.get(call.execution_id)) is not None:
            log.omit(lines)


def keep_sent_logs(lines: Json, call: Call, logs: LogSink, *, now: int) -> None:
    """Keep the log that a worker sent with a result; entries that aren't log lines are ignored.

    Args:
        lines: The member `logs` of the result.
        call: The attempt.
        logs: Keeps the lines.
        now: The time of lines without a time, in milliseconds since the epoch, UTC.
    """
    for entry in _lines(lines, now):
        if isinstance(entry, int):
            logs.omit(call, entry)
        else:
            logs.keep(call, entry)


def _lines(sent: Json, now: int) -> Iterator[LogLine | int]:
    for entry in sent if isinstance(sent, list) else ():
        match entry:
            case {"message": str(message), **rest}:
                level = str(rest.get("level"))
                at = _time_of(rest.get("at"), now)
                yield log_line(at, level if level in LEVELS else "info", message)
            case {"omitted": int(lines)} if lines > 0:
                yield lines
            case _:
                pass


def _time_of(value: object, now: int) -> int:
    """Return the time in milliseconds, from a number or a text, if it is before `now`."""
    try:
        at = parse_time(value) if isinstance(value, str) else value
    except ValueError:
        return now
    return at if isinstance(at, int) and 0 <= at <= now else now
