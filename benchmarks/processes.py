"""Runs measurements in separate processes, and reads the memory of processes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[1]
LONGEST_S = 900.0


class MeasurementFailed(Exception):
    """A measuring process failed; the message contains the end of its output."""


def environment() -> dict[str, str]:
    """Return the environment without Baton's variables, importing from this checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    return {**kept, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def run_module(module: str, folder: Path, *arguments: object) -> Any:
    """Run `python -m benchmarks.MODULE` in `folder`; return its last output line, parsed as JSON.

    Arguments are passed as JSON. Raises MeasurementFailed.
    """
    try:
        done = subprocess.run(
            command_of(module, *arguments),
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasurementFailed(f"{module}: not done after {LONGEST_S:.0f} s") from error
    if done.returncode or not done.stdout.strip():
        raise MeasurementFailed(f"{module}: {done.stderr[-2_000:]}")
    sys.stderr.write(done.stderr)
    return orjson.loads(done.stdout.splitlines()[-1])


def command_of(module: str, *arguments: object) -> list[str]:
    """Return the command that runs a module of this package."""
    return [sys.executable, "-m", f"benchmarks.{module}", *(_text(one) for one in arguments)]


def print_json(result: object) -> None:
    """Print a result as JSON for the parent process."""
    sys.stdout.write(_text(result) + "\n")
    sys.stdout.flush()


def rss_mib(pid: int | None = None) -> float:
    """Return the resident memory of a process in MiB, by default of this one."""
    number = os.getpid() if pid is None else pid
    try:
        pages = int(Path(f"/proc/{number}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        results = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(number)], capture_output=True, text=True, check=True
        )
        return int(results.stdout) / 1024
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _text(value: object) -> str:
    return orjson.dumps(value).decode()
