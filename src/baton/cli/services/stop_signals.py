"""Stops a service on SIGINT or SIGTERM."""

import asyncio
import os
import signal

from baton.cli.terminal.failures import INTERRUPTED


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on the first signal; exit immediately on the second."""

    def on_signal() -> None:
        if stop.is_set():
            os._exit(INTERRUPTED)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
