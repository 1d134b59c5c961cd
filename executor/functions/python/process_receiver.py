"""Processes the messages and the output of a function process during a call."""

from collections.abc import Callable

from baton.domain.json import JsonObject
from baton.eventlog.function_logs.lines import OUTPUT, level_word, log_line
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.attempt_logger import LOGGER, LogSink
from baton.executor.functions.call import Call


class ProcessReceiver:
    """Implements `Receiver` for one call.

    Args:
        call: The attempt.
        extra: The ids that lines in the service's own log carry.
        on_heartbeat: Called with the call and the progress that its function reports.
        logs: Keeps the lines that the function logs and prints.
        clock: Gives printed lines their times.
    """

    def __init__(
        self,
        call: Call,
        extra: JsonObject,
        on_heartbeat: Callable[[Call, object], None],
        logs: LogSink,
        clock: Clock,
    ) -> None:
        self._call = call
        self._extra = extra
        self._on_heartbeat = on_heartbeat
        self._logs = logs
        self._clock = clock

    def message(self, message: JsonObject) -> None:
        """Process a `heartbeat`, `log` or `omitted` message."""
        match message:
            case {"heartbeat": progress}:
                self._on_heartbeat(self._call, progress)
            case {"log": {"level": int(level), "text": str(text), "at": int(at)}}:
                LOGGER.log(level, "%s", text, extra=self._extra)
                self._logs.keep(self._call, log_line(at, level_word(level), text))
            case {"omitted": int(lines)}:
                self.omitted(lines)
            case _:
                LOGGER.warning("a function process sent an unknown message")

    def printed(self, line: str) -> None:
        """Keep a line that the function printed; the service's log doesn't repeat it."""
        self._logs.keep(self._call, log_line(self._clock.now(), OUTPUT, line))

    def omitted(self, lines: int) -> None:
        """Record that `lines` lines are missing before the next one."""
        self._logs.omit(self._call, lines)
