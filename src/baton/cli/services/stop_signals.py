"""How a service that runs in a terminal is stopped."""

import asyncio
import os
import signal

from baton.cli.terminal.failures import INTERRUPTED


def stop_on_signals(stop: asyncio.Event) -> None:
    """The first Ctrl-C stops in order; the second one, for who can't wait, at once."""

    def heard() -> None:
        if stop.is_set():
            os._exit(INTERRUPTED)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, heard)
