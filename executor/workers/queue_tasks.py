"""Consumes the tasks of one queue and acknowledges each one after it was performed."""

import asyncio
import logging
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Final, TypeAlias

from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.topics import ReceivedMessage, TopicConsumer

ACKNOWLEDGE_INTERVAL_S: Final = 1.0
"""The longest time until finished tasks are acknowledged while no new ones arrive, in seconds."""

CANCEL_S: Final = 1.0
"""The time that a cancelled task may take to end, in seconds."""

_log = logging.getLogger("baton.worker")

PerformTask: TypeAlias = Callable[[ReceivedMessage], Coroutine[None, None, None]]
_TaskOffset: TypeAlias = tuple[int, int]
"""Partition and offset of a task's message."""
_Poll: TypeAlias = "asyncio.Task[Sequence[ReceivedMessage]]"


class QueueTasks:
    """Performs tasks concurrently, in no particular order.

    A poll of the consumer fetches new tasks and acknowledges finished ones. When a task finishes
    while a poll still waits, the poll is therefore cancelled and repeated.
    """

    def __init__(self, consumer: TopicConsumer, perform: PerformTask, *, limit: int) -> None:
        """Describe the consumption; `process` begins it.

        Args:
            consumer: The queue's consumer, which this object owns; `drain` closes it.
            perform: Called with each task, in an asyncio task of its own. The task is finished when
                it returns; an exception ends `process`.
            limit: The number of unfinished tasks from which on no new ones are fetched.
        """
        self._consumer = consumer
        self._perform = perform
        self._limit = limit
        self._unfinished: dict[_TaskOffset, ReceivedMessage] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._reported: frozenset[_TaskOffset] = frozenset()  # as the last poll reported them
        self._failure: BaseException | None = None

    async def process(self, stop: asyncio.Event) -> None:
        """Fetch and perform tasks until `stop` is set; raises the exceptions of `perform`."""
        stopped = asyncio.create_task(stop.wait())
        poll: _Poll | None = None
        try:
            while not stop.is_set():
                if poll is None and len(self._unfinished) < self._limit:
                    poll = self._start_poll()
                changes = (poll,) if poll else self._running
                await asyncio.wait(
                    (stopped, *changes), timeout=ACKNOWLEDGE_INTERVAL_S, return_when=FIRST_COMPLETED
                )
                if poll and (poll.done() or not self._reported <= self._unfinished.keys()):
                    self._start_tasks(await _end_poll(poll))
                    poll = None
                if self._failure is not None:
                    raise self._failure
        finally:
            stopped.cancel()
            if poll is not None:
                self._add(await _end_poll(poll))

    async def drain(self, *, grace_s: float) -> None:
        """Let running tasks finish, then cancel the others and close the consumer.

        Unfinished tasks stay unacknowledged, for other workers of the queue.

        Args:
            grace_s: The time in which running tasks may finish.
        """
        if unfinished := await stop_tasks(self._running, grace_s=grace_s, within_s=CANCEL_S):
            _log.error(
                "%d functions ignore their cancellation and are left behind", len(unfinished)
            )
        await self._consumer.close(unfinished=tuple(self._unfinished.values()))

    def _start_poll(self) -> _Poll:
        """Fetch new tasks, and acknowledge all tasks except the unfinished ones."""
        self._reported = frozenset(self._unfinished)
        unfinished = tuple(self._unfinished.values())
        return asyncio.create_task(self._consumer.next(unfinished=unfinished))

    def _start_tasks(self, messages: Sequence[ReceivedMessage]) -> None:
        for offset, message in self._add(messages):
            task = asyncio.create_task(self._perform(message))
            self._running.add(task)
            task.add_done_callback(partial(self._on_done, offset))

    def _add(
        self, messages: Sequence[ReceivedMessage]
    ) -> Sequence[tuple[_TaskOffset, ReceivedMessage]]:
        """Add tasks to the unfinished ones; return the tasks that are new."""
        by_offset = [((message.partition, message.offset), message) for message in messages]
        new = [(offset, message) for offset, message in by_offset if offset not in self._unfinished]
        self._unfinished.update(new)
        return new

    def _on_done(self, offset: _TaskOffset, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        if error := task.exception():
            self._failure = error
        else:
            del self._unfinished[offset]


async def _end_poll(poll: _Poll) -> Sequence[ReceivedMessage]:
    """Cancel a poll; return the messages that it received before, if any."""
    poll.cancel()
    await asyncio.wait((poll,))
    return () if poll.cancelled() else poll.result()
