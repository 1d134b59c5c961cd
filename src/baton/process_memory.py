"""Settings of the interpreter and its C library that keep a process fast and small under load."""

import asyncio
import ctypes
import gc
from contextlib import suppress
from typing import Final

from baton.eventlog.ports.clock import Clock

_TRIM_EVERY_MS: Final = 10_000
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BUFFER: Final = 128 * 1024


def return_large_buffers() -> None:
    """Make glibc return large buffers, such as bodies, to the system as soon as they are freed.

    By default each large allocation raises the threshold for this, up to 32 MiB: after an attack
    with bodies of 1 MiB, half of their memory was still held.
    """
    with suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BUFFER)


async def return_freed_memory(clock: Clock) -> None:
    """Return the heap's free pages to the system every ten seconds, until cancelled.

    By itself glibc returns only the pages at the heap's end: after an attack with large bodies, 12
    MB between buffers in use were still held.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim is not None:  # another C library lacks it
        await clock.idle(_TRIM_EVERY_MS)
        await asyncio.to_thread(trim, 0)


def collect_garbage_less_often() -> None:
    """Raise the garbage collector's threshold: it took a third of the time under load.

    The threshold is above the number of objects that a busy process keeps for a few seconds, mostly
    events that followers have yet to read. Below it, collections took 3 % of the processor's time
    and 30 ms each, and freed next to nothing.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 10)
