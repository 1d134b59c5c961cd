"""Ends clients, those included that hang because nobody answers them."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch

from backends.kafka.connection import FAILURES

GOODBYE_S = 3.0
SWEEPS = 3
SWEEP_S = 0.2

Client: TypeAlias = AIOKafkaProducer | AIOKafkaConsumer | AIOKafkaAdminClient | AIOKafkaClient


async def let_go(client: Client, *, goodbye_s: float = GOODBYE_S) -> None:
    """Close a client; one that can't say goodbye in time loses its tasks and connections.

    What a producer was still to send is given up then, so that it can't arrive later on.
    """
    try:
        async with asyncio.timeout(goodbye_s):
            if isinstance(client, AIOKafkaAdminClient | AIOKafkaClient):
                await client.close()
            else:
                await client.stop()
    except FAILURES:
        await _end(client)


async def _end(client: Client) -> None:
    """Cancel what the client does, until its tasks begin nothing new on their way out."""
    for _ in range(SWEEPS):
        for part in _parts(client):
            for pending in _pending(part):
                pending.cancel()
            if isinstance(part, AIOKafkaClient):
                with suppress(*FAILURES):
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
