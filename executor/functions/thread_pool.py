"""A pool of daemon threads for blocking functions.

`ThreadPoolExecutor` doesn't fit: the interpreter joins its threads at exit, so one function that
hangs would keep a stopped service alive.
"""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class _Job(Generic[T]):
    def __init__(self, function: Callable[[], T]) -> None:
        self.future: Future[T] = Future()
        self._function = function

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._function()
        except BaseException as error:  # noqa: BLE001 - the future's reader handles it
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class DaemonThreadPool:
    """Runs functions in at most `size` threads, which are started on demand."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads: list[Thread] = []
        self._idle = Semaphore(0)
        self._queue: SimpleQueue[_Job[object] | None] = SimpleQueue()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Call `function` in a thread of the pool; submit from one thread only."""
        job = _Job(function)
        self._queue.put(job)  # type: ignore[arg-type]
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._size:
            self._start_thread()
        return job.future

    def close(self) -> None:
        """End each thread after its current job, without waiting for it."""
        for _ in self._threads:
            self._queue.put(None)

    def _start_thread(self) -> None:
        name = f"baton-function-{len(self._threads)}"
        thread = Thread(target=self._run_jobs, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _run_jobs(self) -> None:
        while (job := self._queue.get()) is not None:
            job.run()
            del job  # an idle thread must not keep the payload alive
            self._idle.release()
