"""Stops a service on SIGINT or SIGTERM."""

import asyncio
import logging
import os
import signal
import time
from contextlib import suppress
from threading import Event, Thread
from types import FrameType
from typing import Final

from baton.cli.terminal.failures import INTERRUPTED

HELD_S: Final = 10.0
"""The time in seconds after which a stop is enforced while a function blocks the event loop."""
PAUSE_S: Final = 0.2
"""The pause between two checks of the event loop, in seconds."""

_log = logging.getLogger("baton.services")


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on the first signal; exit immediately on the second.

    The handlers run even while a function blocks the event loop. If it blocks the loop for
    `HELD_S`, the process exits as after a crash, because nothing else would end it.
    """
    loop, received = asyncio.get_running_loop(), list[int]()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if received:
            os._exit(INTERRUPTED)
        received.append(number)
        loop.call_soon_threadsafe(stop.set)
        Thread(target=_exit_if_held, args=(loop,), name="baton-stop", daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)


def _exit_if_held(loop: asyncio.AbstractEventLoop) -> None:
    """Exit if the stopping loop doesn't respond within `HELD_S`."""
    alive = Event()
    with suppress(RuntimeError):  # the loop is closed: it has stopped
        loop.call_soon_threadsafe(alive.set)
        while alive.wait(HELD_S):
            alive.clear()
            time.sleep(PAUSE_S)
            loop.call_soon_threadsafe(alive.set)
        if not loop.is_closed():
            _log.error("a function has held the event loop for %g s: exiting", HELD_S)
            os._exit(1)
