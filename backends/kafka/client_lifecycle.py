"""Starts Kafka clients and closes them, those included that hang because no broker answers.

A start that is cancelled leaves no connection behind.
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

GOODBYE_S = 3.0
SWEEPS = 3
SWEEP_S = 0.2

Client: TypeAlias = AIOKafkaProducer | AIOKafkaConsumer | AIOKafkaAdminClient | AIOKafkaClient

_given_up: set[asyncio.Task[None]] = set()


async def start_client(client: Client) -> None:
    """Start `client`; when that fails or is cancelled it is let go. Raises what clients raise.

    A start that is cancelled goes on by itself up to its end: the library forgets the connection
    that it has at that moment.
    """
    bare = isinstance(client, AIOKafkaClient)
    starting = asyncio.ensure_future(client.bootstrap() if bare else client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        task = asyncio.ensure_future(_wind_up(starting, client))
        _given_up.add(task)
        task.add_done_callback(_given_up.discard)
        raise
    except BaseException:
        await asyncio.shield(close_client(client))
        raise


async def _wind_up(starting: "asyncio.Future[None]", client: Client) -> None:
    try:
        await starting
    except CLIENT_ERRORS as error:
        _log.debug("a client that nobody waits for did not start: %s", error)
    finally:
        await close_client(client)


async def wait_for_abandoned_starts() -> None:
    """Wait for starts that nobody waits for any more, though not for ever."""
    loop = asyncio.get_running_loop()
    tasks = [task for task in _given_up if task.get_loop() is loop]
    if tasks:
        await asyncio.wait(tasks, timeout=GOODBYE_S)


async def close_client(client: Client, *, timeout_s: float = GOODBYE_S) -> None:
    """Close a client; one that can't say goodbye in time loses its tasks and connections.

    What a producer was still to send is given up then, so that it can't arrive later on.
    """
    try:
        async with asyncio.timeout(timeout_s):
            if isinstance(client, AIOKafkaAdminClient | AIOKafkaClient):
                await client.close()
            else:
                await client.stop()
    except CLIENT_ERRORS:
        await _end(client)


async def _end(client: Client) -> None:
    """Cancel what the client does, until its tasks begin nothing new on their way out."""
    for _ in range(SWEEPS):
        for part in _parts(client):
            for pending in _pending(part):
                pending.cancel()
            if isinstance(part, AIOKafkaClient):
                with suppress(*CLIENT_ERRORS):
                    async with asyncio.timeout(SWEEP_S):
                        await part.close()
        await asyncio.sleep(SWEEP_S)
    for part in _parts(client):
        if isinstance(part, MessageAccumulator):
            _give_up(part)


def _give_up(accumulator: MessageAccumulator) -> None:
    """Tell those who wait for batches to be sent that they won't be.

    Its own way of doing so leaves exceptions behind that nobody asks for.
    """
    inside = vars(accumulator)
    under_way: set[MessageBatch] = inside["_pending_batches"]
    for queue in inside["_batches"].values():
        under_way.update(queue)
    for batch in list(under_way):
        batch.future.cancel()


def _parts(client: object) -> Iterator[object]:
    yield client
    for part in vars(client).values():
        if type(part).__module__.startswith("aiokafka.") and hasattr(part, "__dict__"):
            yield part


def _pending(part: object) -> "Iterator[asyncio.Future[object]]":
    for value in list(vars(part).values()):
        for one in list(value) if isinstance(value, set) else (value,):
            if isinstance(one, asyncio.Future) and not one.done():
                yield one
