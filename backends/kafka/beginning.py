"""Starts clients, in such a way that one that is given up meanwhile leaves no connection behind."""

import asyncio
import logging

from aiokafka.client import AIOKafkaClient

from backends.kafka.connection import FAILURES
from backends.kafka.ending import GOODBYE_S, Client, let_go

_log = logging.getLogger("baton.kafka")

_given_up: set[asyncio.Task[None]] = set()


async def begin(client: Client) -> None:
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
        await asyncio.shield(let_go(client))
        raise


async def _wind_up(starting: "asyncio.Future[None]", client: Client) -> None:
    try:
        await starting
    except FAILURES as error:
        _log.debug("a client that nobody waits for did not start: %s", error)
    finally:
        await let_go(client)


async def end_what_was_given_up() -> None:
    """Wait for starts that nobody waits for any more, though not for ever."""
    loop = asyncio.get_running_loop()
    tasks = [task for task in _given_up if task.get_loop() is loop]
    if tasks:
        await asyncio.wait(tasks, timeout=GOODBYE_S)
