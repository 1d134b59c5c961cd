"""DaemonThreadPool for blocking functions.

Not `ThreadPoolExecutor`, because the interpreter waits for its threads at exit: one function that
hangs would keep a stopped service alive.
"""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class _Job(Generic[T]):
    """One piece of job and where its result goes."""

    def __init__(self, run: Callable[[], T]) -> None:
        self.future: Future[T] = Future()
        self._run = run

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._run()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class DaemonThreadPool:
    """At most `size` daemon threads, started as they are needed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads: list[Thread] = []
        self._idle = Semaphore(0)
        self._queue: SimpleQueue[_Job[object] | None] = SimpleQueue()

    def submit(self, run: Callable[[], T]) -> Future[T]:
        """Run it in a thread; call this from one thread only."""
        job = _Job(run)
        self._queue.put(job)  # type: ignore[arg-type]
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._size:
            self._start_thread()
        return job.future

    def close(self) -> None:
        """Let the threads end after what they are at; does not wait for them."""
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
            del job
            self._idle.release()
