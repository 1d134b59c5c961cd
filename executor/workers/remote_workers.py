"""Has workers in other processes perform calls: tasks go out over topics, results come back.

An answer is matched by execution id and attempt, and counts once. Everything else on the topic of
results, which all executors read, is refused and counted: it never moves a run.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, TypeAlias

from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import ReceivedMessage, TopicConsumer, Topics
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

PAYLOAD_TOO_LARGE: Final = "PAYLOAD_TOO_LARGE"
MAX_REMEMBERED: Final = 50_000
"""Attempts that are over and still told from those of other executors."""
_RETRY: Final = RetryPolicy(first_ms=1_000, max_ms=1_000)
_RETRY_ANY: Final = replace(_RETRY, transient=(Exception,))
"""Retries any error: attempts wait for results that come later."""

OnHeartbeat: TypeAlias = Callable[[object], None]
"""Takes the progress of the call that is performed."""
Reason: TypeAlias = Literal["malformed", "duplicate", "late", "superseded", "unmatched"]

_log = logging.getLogger("baton.executor")


@dataclass(slots=True)
class RefusedAnswers:
    """Answers of workers that were not applied, by reason.

    malformed: not to be read; duplicate: the attempt was answered before; late: it had timed out or
    was cut off; superseded: a newer attempt at the step is known; unmatched: the attempt is none of
    this process, but perhaps another executor's.
    """

    malformed: int = 0
    duplicate: int = 0
    late: int = 0
    superseded: int = 0
    unmatched: int = 0


@dataclass(slots=True, eq=False)
class _Waiting:
    attempt: int
    on_heartbeat: OnHeartbeat
    outcome: asyncio.Future[CallOutcome]


def queue_function(
    name: str,
    queue: str,
    *,
    id: str | None = None,  # noqa: A002 - the declaration's word
) -> QueueFunction:
    """Return the function that a declaration `{queue, id?}` describes."""
    uuid, aliases = function_identity(name, id)
    return QueueFunction(name=name, id=uuid, aliases=aliases, queue=queue)


class RemoteWorkers:
    """Performs the functions of queues; `prefix` begins the names of the topics.

    Results are read from the first task on. Topics that don't answer are waited for: how long is
    the caller's to say, who cancels.
    """

    def __init__(self, topics: Topics, *, prefix: str, clock: Clock) -> None:
        self.refused = RefusedAnswers()
        self._topics = topics
        self._prefix = prefix
        self._clock = clock
        self._sender = Sender(topics, clock=clock)
        self._waiting: dict[str, _Waiting] = {}  # by idempotency key, the newest attempt of each
        self._over: OrderedDict[str, tuple[int, bool]] = OrderedDict()  # and whether answered
        self._results: TopicConsumer | None = None
        self._opening = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None

    async def perform(
        self, function: QueueFunction, call: Call, on_heartbeat: OnHeartbeat
    ) -> CallOutcome:
        """Give `call` to the workers of the function's queue and wait for its result."""
        message = encode_task(function.name, call)
        if (size := len(message.value or b"")) > MAX_BYTES:
            fault = f"the task has {size} bytes, at most {MAX_BYTES} can be sent"
            return failure(PAYLOAD_TOO_LARGE, fault)
        await self._listen()
        waiting = _Waiting(call.attempt, on_heartbeat, asyncio.get_running_loop().create_future())
        self._waiting[call.idempotency_key] = waiting
        try:
            await self._sender.send(tasks_topic(self._prefix, function.queue), message)
            return await waiting.outcome
        except Undeliverable as fault:
            return failure(PAYLOAD_TOO_LARGE, str(fault))
        finally:
            self._leave(call.idempotency_key, waiting)

    async def close(self) -> None:
        """Stop sending and reading; nobody waits any more."""
        await self._sender.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._results is not None:
            await self._results.close()

    async def _listen(self) -> None:
        """See to it that results are read before a task that they may answer is sent."""
        if self._reader is not None:
            return
        async with self._opening:
            if self._results is None:
                self._results = await self._consumed()
            if self._reader is None:
                self._reader = asyncio.create_task(self._read(self._results), name="results")

    async def _consumed(self) -> TopicConsumer:
        consume = partial(self._topics.consume, results_topic(self._prefix), group=None)
        doing = "subscribing to workers' results"
        return await retry(consume, clock=self._clock, log=_log, doing=doing, policy=_RETRY)

    async def _read(self, results: TopicConsumer) -> None:
        doing = "reading workers' results"
        while True:
            messages = await retry(
                results.next, clock=self._clock, log=_log, doing=doing, policy=_RETRY_ANY
            )
            for delivered in messages:
                self._take(delivered)

    def _take(self, delivered: ReceivedMessage) -> None:
        try:
            answer = decode_answer(delivered.message.value)
        except MalformedMessage as error:
            self.refused.malformed += 1
            _log.warning("a worker's answer at %s is refused: %s", delivered.position, error)
            return
        waiting = self._waiting.get(answer.idempotency_key)
        if waiting is None or waiting.attempt != answer.attempt or waiting.outcome.done():
            self._refuse(answer, waiting)
        elif answer.outcome is None:
            _tell(waiting, answer)
        else:
            waiting.outcome.set_result(answer.outcome)

    def _refuse(self, answer: WorkerAnswer, waiting: _Waiting | None) -> None:
        known = (waiting.attempt, waiting.outcome.done()) if waiting else None
        reason = _why(answer, known or self._over.get(answer.idempotency_key))
        setattr(self.refused, reason, getattr(self.refused, reason) + 1)
        level = logging.DEBUG if reason == "unmatched" else logging.INFO
        _log.log(level, "the %s of %s is refused: %s", answer.type, answer.execution_id, reason)

    def _leave(self, key: str, waiting: _Waiting) -> None:
        """Remember how the attempt ended, unless a newer one has taken its place."""
        if self._waiting.get(key) is not waiting:
            return
        del self._waiting[key]
        outcome = waiting.outcome
        self._over.pop(key, None)
        self._over[key] = (waiting.attempt, outcome.done() and not outcome.cancelled())
        if len(self._over) > MAX_REMEMBERED:
            self._over.popitem(last=False)


def _why(answer: WorkerAnswer, known: tuple[int, bool] | None) -> Reason:
    """Return why an answer is refused; `known` is the newest attempt and whether it is answered."""
    if known is None or answer.attempt > known[0]:
        return "unmatched"
    if answer.attempt < known[0]:
        return "superseded"
    return "duplicate" if known[1] else "late"


def _tell(waiting: _Waiting, answer: WorkerAnswer) -> None:
    try:
        waiting.on_heartbeat(answer.progress)
    except Exception:  # noqa: BLE001 - it must not cost the others their answers
        _log.exception("a heartbeat of %s was not taken", answer.execution_id)
