"""Daemon threads for blocking functions: one for each concurrent call.

`ThreadPoolExecutor` doesn't fit: the interpreter joins its threads at exit, so one hung function
would keep a stopped service alive. Nor can it replace a hung thread.
"""

import ctypes
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Semaphore, Thread, get_ident
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Job(Generic[T]):
    """A function that a thread of the pool calls; `future` receives its result."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.future: Future[T] = Future()
        self._function = function
        self._lock = Lock()
        self._thread: int | None = None
        self._abandoned = False

    def run(self) -> bool:
        """Call the function; return whether the thread may run another job."""
        self._thread = get_ident()
        if not self.future.set_running_or_notify_cancel():
            self._end()
            return True
        try:
            result = self._function()
        except BaseException as error:  # noqa: BLE001 - the future's reader handles it
            self._end()
            self.future.set_exception(error)
        else:
            self._end()
            self.future.set_result(result)
        return not self._abandoned

    @property
    def running(self) -> bool:
        """Whether the function is being called."""
        return self._thread is not None

    def abandon(self) -> None:
        """Let the thread end after this job, because another thread takes its place."""
        with self._lock:
            self._abandoned = True

    def stack(self) -> str:
        """Return the stack of the thread, empty if the function has ended."""
        frame = sys._current_frames().get(self._thread or 0)  # noqa: SLF001 - the documented name
        return "" if frame is None else "".join(traceback.format_stack(frame))

    def interrupt(self, error: type[BaseException]) -> None:
        """Raise `error` in the function when it next executes Python code."""
        with self._lock:
            if self._thread is not None:
                thread = ctypes.c_ulong(self._thread)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(error))

    def _end(self) -> None:
        with self._lock:
            self._thread = None


class DaemonThreadPool:
    """Runs functions in threads, which are started on demand and reused."""

    def __init__(self) -> None:
        self._started = 0
        self._idle = Semaphore(0)
        self._queue: SimpleQueue[Job[Any] | None] = SimpleQueue()

    def submit(self, function: Callable[[], T]) -> Job[T]:
        """Call `function` in a thread of the pool; submit from one thread only."""
        job = Job(function)
        self._queue.put(job)
        if not self._idle.acquire(blocking=False):
            self._start_thread()
        return job

    def close(self) -> None:
        """End each thread after its current job, without waiting for it."""
        for _ in range(self._started):
            self._queue.put(None)

    def _start_thread(self) -> None:
        name = f"baton-function-{self._started}"
        self._started += 1
        Thread(target=self._run_jobs, name=name, daemon=True).start()

    def _run_jobs(self) -> None:
        with suppress(BaseException):  # an interruption that came as the function ended
            while (job := self._queue.get()) is not None and job.run():
                del job  # an idle thread must not keep the payload in memory
                self._idle.release()
