"""Stops a service on SIGINT or SIGTERM."""

import asyncio
import logging
import os
import signal
from threading import Timer
from types import FrameType
from typing import Final

from baton.cli.terminal.failures import INTERRUPTED

HELD_S: Final = 10.0
"""Time after which a stop is enforced if a function still holds the event loop."""

_log = logging.getLogger("baton.services")


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on the first signal; exit immediately on the second.

    The handlers run even while a function blocks the event loop. If it does so for `HELD_S`, the
    process exits as after a crash: nothing else would end it.
    """
    loop, received = asyncio.get_running_loop(), list[int]()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if received:
            os._exit(INTERRUPTED)
        received.append(number)
        loop.call_soon_threadsafe(stop.set)
        timer = Timer(HELD_S, _exit_if_held, (stop,))
        timer.daemon = True
        timer.start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)


def _exit_if_held(stop: asyncio.Event) -> None:
    if not stop.is_set():
        _log.error("a function has held the event loop for %g s since the stop: exiting", HELD_S)
        os._exit(1)
