"""Reads the logs of a run's attempts: stored ones, and those of attempts that run in this process.

Both are lists of lines that grow at the end, so a reader that has read a number of lines of a
running attempt continues with the stored log after them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from baton.command_api.own.logs.cursor import MAX_OPEN, LogCursor
from baton.command_api.services import Services
from baton.domain.artifact import Artifact
from baton.domain.run.outcome import Token
from baton.eventlog.function_logs.attempt_log import AttemptLog
from baton.eventlog.function_logs.lines import encode_omission
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.run_steps.view import is_final
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import is_final as has_ended

PAGE_BYTES: Final = 1024 * 1024
"""An answer with this many bytes of lines includes no further attempt."""
LATE_MS: Final = 3_000
"""The time after the end of an attempt within which a late log may still arrive, in ms."""
_CUT_OFF: Final = frozenset(("TIMEOUT", "EXECUTOR_STOPPED", "RUN_PAUSED"))


class LoggedLine(NamedTuple):
    """A line of a log as JSON, and the attempt that it belongs to."""

    step: Step
    raw: bytes


@dataclass(slots=True, kw_only=True)
class LogPage:
    """Lines of a run's logs; `cursor` continues after them, `ended` is whether none follow."""

    lines: list[LoggedLine] = field(default_factory=list)
    cursor: LogCursor
    ended: bool = False


class LogReader:
    """Reads the logs of one run.

    Args:
        services: Hold the views, the artifacts and the logs of running attempts.
        tenant: The tenant of the run.
        run_id: The run.
        wanted: Called with the record of an attempt; returns whether its log is read.
    """

    def __init__(
        self, services: Services, tenant: str, run_id: str, wanted: Callable[[Step], bool]
    ) -> None:
        self._services = services
        self._run = (tenant, run_id)
        self._wanted = wanted
        self._steps: Sequence[Step] = ()
        self._version = 0

    @property
    def is_live(self) -> bool:
        """Whether an attempt that runs in this process has logged something."""
        return bool(self._services.live_logs.of_run(*self._run))

    async def read(self, run: Run, cursor: LogCursor) -> LogPage:
        """Return the lines after `cursor`, in the order of the attempts."""
        live = {log.token: log for log in self._services.live_logs.of_run(*self._run)}
        if run.version != self._version:
            self._steps = await self._services.run_steps.of_run(*self._run)
            self._version = run.version
        opened, base, size = dict[int, int](), cursor.base, 0
        page = LogPage(cursor=cursor)
        for step in self._steps:
            read = cursor.lines_read(step.seq)
            if read is None:
                continue
            if size >= PAGE_BYTES or len(opened) >= MAX_OPEN:
                opened |= {seq: n for seq, n in cursor.open.items() if seq >= step.seq}
                break
            lines, read_now = await self._lines(step, read, live)
            page.lines += [LoggedLine(step, raw) for raw in lines]
            size += sum(map(len, lines))
            base = max(base, step.seq)
            if read_now is not None:
                opened[step.seq] = read_now
        else:
            page.ended = has_ended(run) and not opened
        page.cursor = LogCursor(base=base, open=opened)
        return page

    async def _lines(
        self, step: Step, read: int, live: dict[Token, AttemptLog]
    ) -> tuple[Sequence[bytes], int | None]:
        """Return the lines from `read` on, and the number read then; None if it is the end."""
        if step.kind != "compute" or not self._wanted(step):
            return (), None
        if isinstance(step.logs, Artifact):
            raw = await self._services.values.find(step.tenant, step.logs.sha256)
            return list(_behind(orjson.loads(raw or b"[]"), read)), None
        log = live.get(Token(step.step_id, step.visit, step.attempt))
        if log is not None:
            return log.since(read)
        return (), read if self._may_log(step) else None

    def _may_log(self, step: Step) -> bool:
        """Return whether a log of the attempt may still come."""
        if not is_final(step):
            return True
        cut_off = step.error is not None and step.error.code in _CUT_OFF
        if step.status != "cancelled" and not cut_off:
            return False
        return self._services.clock.now() < (step.completed_at or 0) + LATE_MS


def _behind(entries: Sequence[Any], read: int) -> Iterator[bytes]:
    """Yield the entries of a stored log after the first `read` lines, each as JSON."""
    number = 0
    for entry in entries:
        omitted = entry.get("omitted")
        number += omitted or 1
        if number > read:
            yield encode_omission(min(omitted, number - read)) if omitted else orjson.dumps(entry)
