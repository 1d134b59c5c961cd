"""Delegates calls to remote workers: sends tasks and matches the answers to them.

The first result of the current attempt resolves the call. All executors read the results topic, so
every other answer on it is refused and counted; it never changes a run. An answer without the
random token of its task is refused too, because other writers of the topic can guess execution ids.
"""

import asyncio
import hmac
import logging
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, TypeAlias

from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import ReceivedMessage, TopicConsumer, Topics
from baton.executor.functions.attempt_logger import LogSink
from baton.executor.functions.call import Call, CallOutcome
from baton.executor.functions.registry import QueueFunction, function_identity
from baton.executor.functions.results import failure
from baton.executor.workers.messages import (
    MAX_BYTES,
    MalformedMessage,
    WorkerAnswer,
    decode_answer,
    encode_task,
    results_topic,
    tasks_topic,
)
from baton.executor.workers.sender import Sender, Undeliverable
from baton.executor.workers.task_logs import keep_sent_logs

PAYLOAD_TOO_LARGE: Final = "PAYLOAD_TOO_LARGE"
TOKEN_BYTES: Final = 16
"""The number of random bytes of a token."""
MAX_FINISHED: Final = 50_000
"""The number of finished attempts in memory, to tell late answers from other executors' answers."""
_RETRY: Final = RetryPolicy(first_ms=1_000, max_ms=1_000)
_RETRY_ANY: Final = replace(_RETRY, transient=(Exception,))
"""Retries after any error, because pending calls depend on the results after it."""

OnHeartbeat: TypeAlias = Callable[[object], None]
"""Called on the event loop with the progress of the running call."""
RefusalReason: TypeAlias = Literal[
    "malformed", "duplicate", "late", "superseded", "unmatched", "forged"
]

_log = logging.getLogger("baton.executor")
_LEVELS: Final = {"unmatched": logging.DEBUG, "forged": logging.WARNING}


@dataclass(slots=True)
class RefusedAnswers:
    """The number of refused answers by reason.

    Attributes:
        malformed: The message is not a valid answer.
        duplicate: The attempt already had a result.
        late: The attempt had timed out or was cancelled.
        superseded: A newer attempt of the same visit exists.
        unmatched: The attempt is unknown; it may belong to another executor.
        forged: The answer to a running attempt lacks the token of its task.
    """

    malformed: int = 0
    duplicate: int = 0
    late: int = 0
    superseded: int = 0
    unmatched: int = 0
    forged: int = 0


@dataclass(slots=True, eq=False)
class _PendingCall:
    call: Call
    token: str
    on_heartbeat: OnHeartbeat
    logs: LogSink
    outcome: asyncio.Future[CallOutcome]


def queue_function(
    name: str,
    queue: str,
    *,
    id: str | None = None,  # noqa: A002 - the key of the declaration
) -> QueueFunction:
    """Return the function declared as `{queue, id?}`."""
    uuid, aliases = function_identity(name, id)
    return QueueFunction(name=name, id=uuid, aliases=aliases, queue=queue)


class RemoteWorkers:
    """Performs functions that are declared with a queue.

    The first task starts the reading of results. Calls wait while topics are unavailable; the
    caller limits that time by cancellation.

    Attributes:
        refused_answers: The answers that changed nothing.
        tasks: The number of tasks by queue that wait for a worker or are being performed.
    """

    def __init__(self, topics: Topics, *, prefix: str, clock: Clock) -> None:
        self.refused_answers = RefusedAnswers()
        self.tasks: Counter[str] = Counter()
        self._topics = topics
        self._prefix = prefix
        self._clock = clock
        self._sender = Sender(topics, clock=clock)
        # By idempotency key: the newest attempt's call; its number and whether it had a result.
        self._pending: dict[str, _PendingCall] = {}
        self._finished: OrderedDict[str, tuple[int, bool]] = OrderedDict()
        self._results: TopicConsumer | None = None
        self._opening = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None

    async def perform(
        self, function: QueueFunction, call: Call, on_heartbeat: OnHeartbeat, logs: LogSink
    ) -> CallOutcome:
        """Send `call` to the workers of the function's queue and wait for its result.

        Args:
            function: The function, with its queue.
            call: The attempt; it supersedes an older attempt of the same visit.
            on_heartbeat: Called on the event loop with the progress of each heartbeat.
            logs: Keeps the log that comes with the result.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        message = encode_task(function.name, call, token=token)
        if (size := len(message.value or b"")) > MAX_BYTES:
            reason = f"the task has {size} bytes, the maximum is {MAX_BYTES}"
            return failure(PAYLOAD_TOO_LARGE, reason)
        await self._start_reading()
        outcome = asyncio.get_running_loop().create_future()
        pending = _PendingCall(call, token, on_heartbeat, logs, outcome)
        self._pending[call.idempotency_key] = pending
        self.tasks[function.queue] += 1
        try:
            await self._sender.send(tasks_topic(self._prefix, function.queue), message)
            return await pending.outcome
        except Undeliverable as error:
            return failure(PAYLOAD_TOO_LARGE, str(error))
        finally:
            self.tasks[function.queue] -= 1
            self._finish(call.idempotency_key, pending)

    async def close(self) -> None:
        """Stop sending tasks and reading results; the caller has cancelled its calls."""
        await self._sender.close()
        if self._reader is not None:
            await stop_tasks((self._reader,))
        if self._results is not None:
            await self._results.close()

    async def _start_reading(self) -> None:
        """Subscribe to results before the first task is sent, so that no answer is missed."""
        if self._reader is not None:
            return
        async with self._opening:
            if self._results is None:
                self._results = await self._open_results()
            if self._reader is None:
                self._reader = asyncio.create_task(self._read(self._results), name="results")

    async def _open_results(self) -> TopicConsumer:
        consume = partial(self._topics.consume, results_topic(self._prefix), group=None)
        doing = "subscribing to workers' results"
        return await retry(consume, clock=self._clock, log=_log, doing=doing, policy=_RETRY)

    async def _read(self, results: TopicConsumer) -> None:
        doing = "reading workers' results"
        while True:
            messages = await retry(
                results.next, clock=self._clock, log=_log, doing=doing, policy=_RETRY_ANY
            )
            for received in messages:
                self._handle(received)

    def _handle(self, received: ReceivedMessage) -> None:
        try:
            answer = decode_answer(received.message.value)
        except MalformedMessage as error:
            self.refused_answers.malformed += 1
            _log.warning("refused the answer at %s: %s", received.position, error)
            return
        pending = self._pending.get(answer.idempotency_key)
        if pending is None or pending.call.attempt != answer.attempt or pending.outcome.done():
            self._refuse(answer, _reason_to_refuse(answer, self._newest(answer, pending)))
        elif not hmac.compare_digest(answer.token.encode(), pending.token.encode()):
            self._refuse(answer, "forged")
        elif answer.outcome is None:
            _report_progress(pending, answer)
        else:
            keep_sent_logs(answer.logs, pending.call, pending.logs, now=self._clock.now())
            pending.outcome.set_result(answer.outcome)

    def _newest(
        self, answer: WorkerAnswer, pending: _PendingCall | None
    ) -> tuple[int, bool] | None:
        """Return the newest known attempt of the visit, and whether it had a result."""
        if pending is not None:
            return pending.call.attempt, pending.outcome.done()
        return self._finished.get(answer.idempotency_key)

    def _refuse(self, answer: WorkerAnswer, reason: RefusalReason) -> None:
        counts = self.refused_answers
        setattr(counts, reason, getattr(counts, reason) + 1)
        level = _LEVELS.get(reason, logging.INFO)
        _log.log(level, "refused the %s of %s: %s", answer.type, answer.execution_id, reason)

    def _finish(self, key: str, pending: _PendingCall) -> None:
        """Move a call to the finished ones, unless a newer attempt has replaced it."""
        if self._pending.get(key) is not pending:
            return
        del self._pending[key]
        outcome = pending.outcome
        self._finished.pop(key, None)
        self._finished[key] = (pending.call.attempt, outcome.done() and not outcome.cancelled())
        if len(self._finished) > MAX_FINISHED:
            self._finished.popitem(last=False)


def _reason_to_refuse(answer: WorkerAnswer, newest: tuple[int, bool] | None) -> RefusalReason:
    """Return the reason for refusing an answer that resolves no pending call.

    Args:
        answer: The answer.
        newest: Newest known attempt of the visit, and whether it had a result.
    """
    if newest is None or answer.attempt > newest[0]:
        return "unmatched"
    if answer.attempt < newest[0]:
        return "superseded"
    return "duplicate" if newest[1] else "late"


def _report_progress(pending: _PendingCall, answer: WorkerAnswer) -> None:
    try:
        pending.on_heartbeat(answer.progress)
    except Exception:  # noqa: BLE001 - a failing callback must not stop the reading of answers
        _log.exception("the callback failed for a heartbeat of %s", answer.execution_id)
