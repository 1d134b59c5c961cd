"""A service that can be profiled: `python -m benchmarks.distributed.profiled_service VERB …`.

SIGUSR1 begins, the next one ends and writes `PID.profile.json` into the working folder. What is
profiled is the thread of the event loop.
"""

import os
import signal
import sys
import time
from cProfile import Profile
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from baton.cli import main
from benchmarks.where_time_goes import by_function, by_package

_FUNCTIONS = 25


def file_of(folder: Path, pid: int) -> Path:
    """Return where the service that runs as `pid` writes its profile."""
    return folder / f"{pid}.profile.json"


@dataclass(slots=True)
class Switch:
    """Turns the profiler on and off."""

    profile: Profile | None = None
    begun: tuple[float, float] = field(default=(0.0, 0.0))

    def turn(self, _number: int, _frame: object) -> None:
        """Begin, or end and write."""
        if self.profile is None:
            self.profile = Profile()
            self.begun = time.perf_counter(), time.thread_time()
            self.profile.enable()
            return
        self.profile.disable()
        wall_s, cpu_s = time.perf_counter() - self.begun[0], time.thread_time() - self.begun[1]
        told = {
            "wall_s": wall_s,
            "cpu_s": cpu_s,
            "packages": by_package(self.profile, wall_s),
            "functions": by_function(self.profile, _FUNCTIONS),
        }
        path, self.profile = file_of(Path.cwd(), os.getpid()), None
        whole = path.with_suffix(".part")
        whole.write_bytes(orjson.dumps(told))
        whole.rename(path)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, Switch().turn)
    sys.argv[0] = "baton"
    main()
