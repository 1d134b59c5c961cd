"""Starts and closes aiokafka clients, including clients that hang because no broker answers.

A cancelled start leaves no connection behind.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch

from baton.backends.kafka.connection import CLIENT_ERRORS

_log = logging.getLogger("baton.kafka")

CLOSE_TIMEOUT_S = 3.0
"""The time for an orderly close; then a client's tasks and connections are cancelled."""
ABORT_ROUNDS = 3
"""The number of rounds of cancellation: a cancelled task of aiokafka may start another one."""
ABORT_ROUND_S = 0.2

Client: TypeAlias = AIOKafkaProducer | AIOKafkaConsumer | AIOKafkaAdminClient | AIOKafkaClient

_abandoned_starts: set[asyncio.Task[None]] = set()


async def start_client(client: Client) -> None:
    """Start `client`; if that fails or is cancelled, the client is closed.

    A cancelled start runs on in the background until it ends: aiokafka would leak the connection
    that it is opening at that moment.

    Raises:
        One of `CLIENT_ERRORS`.
    """
    bare = isinstance(client, AIOKafkaClient)
    starting = asyncio.ensure_future(client.bootstrap() if bare else client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        task = asyncio.ensure_future(_close_after_start(starting, client))
        _abandoned_starts.add(task)
        task.add_done_callback(_abandoned_starts.discard)
        raise
    except BaseException:
        await asyncio.shield(close_client(client))
        raise


async def _close_after_start(starting: "asyncio.Future[None]", client: Client) -> None:
    try:
        await starting
    except CLIENT_ERRORS as error:
        _log.debug("the start of an abandoned client failed: %s", error)
    finally:
        await close_client(client)


async def wait_for_abandoned_starts() -> None:
    """Wait until the cancelled starts of this event loop have ended, at most `CLOSE_TIMEOUT_S`."""
    loop = asyncio.get_running_loop()
    tasks = [task for task in _abandoned_starts if task.get_loop() is loop]
    if tasks:
        await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT_S)


async def close_client(client: Client, *, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
    """Close `client`; after `timeout_s` its tasks and connections are cancelled.

    A cancelled producer drops the batches that it hasn't sent, so that they can't arrive later.
    """
    try:
        async with asyncio.timeout(timeout_s):
            if isinstance(client, AIOKafkaAdminClient | AIOKafkaClient):
                await client.close()
            else:
                await client.stop()
    except CLIENT_ERRORS:
        await _abort(client)


async def _abort(client: Client) -> None:
    """Cancel the client's tasks and close its connections, then cancel its pending batches."""
    for _ in range(ABORT_ROUNDS):
        for part in _parts(client):
            for pending in _pending_futures(part):
                pending.cancel()
            if isinstance(part, AIOKafkaClient):
                with suppress(*CLIENT_ERRORS):
                    async with asyncio.timeout(ABORT_ROUND_S):
                        await part.close()
        await asyncio.sleep(ABORT_ROUND_S)
    for part in _parts(client):
        if isinstance(part, MessageAccumulator):
            _cancel_batches(part)


def _cancel_batches(accumulator: MessageAccumulator) -> None:
    """Cancel the futures of all unsent batches.

    `MessageAccumulator.close` would leave exceptions behind that are never retrieved.
    """
    attributes = vars(accumulator)
    batches: set[MessageBatch] = attributes["_pending_batches"]
    for queue in attributes["_batches"].values():
        batches.update(queue)
    for batch in list(batches):
        batch.future.cancel()


def _parts(client: object) -> Iterator[object]:
    """Yield the client and the aiokafka objects that it holds."""
    yield client
    for part in vars(client).values():
        if type(part).__module__.startswith("aiokafka.") and hasattr(part, "__dict__"):
            yield part


def _pending_futures(part: object) -> "Iterator[asyncio.Future[object]]":
    for value in list(vars(part).values()):
        for future in list(value) if isinstance(value, set) else (value,):
            if isinstance(future, asyncio.Future) and not future.done():
                yield future
