"""A service that can be profiled: `python -m benchmarks.distributed.profiled_service VERB …`.

The first SIGUSR1 starts the profiler, the second one stops it and writes `PID.profile.json` to the
working folder. Only the thread of the event loop is profiled.
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
    """Return the profile file of the service with this process id."""
    return folder / f"{pid}.profile.json"


@dataclass(slots=True)
class Switch:
    """Switches the profiler on and off."""

    profile: Profile | None = None
    begun: tuple[float, float] = field(default=(0.0, 0.0))

    def turn(self, _number: int, _frame: object) -> None:
        """Start the profiler, or stop it and write the profile."""
        if self.profile is None:
            self.profile = Profile()
            self.begun = time.perf_counter(), time.thread_time()
            self.profile.enable()
            return
        self.profile.disable()
        wall_s, cpu_s = time.perf_counter() - self.begun[0], time.thread_time() - self.begun[1]
        results = {
            "wall_s": wall_s,
            "cpu_s": cpu_s,
            "packages": by_package(self.profile, wall_s),
            "functions": by_function(self.profile, _FUNCTIONS),
        }
        path, self.profile = file_of(Path.cwd(), os.getpid()), None
        whole = path.with_suffix(".part")
        whole.write_bytes(orjson.dumps(results))
        whole.rename(path)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, Switch().turn)
    sys.argv[0] = "baton"
    main()
