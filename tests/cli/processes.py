"""Runs Baton as a process of its own, and `baton dev` as a server for tests."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BATON = (sys.executable, "-m", "baton")
DEADLINE_S = 60
TERMINAL = """
import os, pty, signal, sys
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""
"""Runs a command in a terminal of its own; the end of the terminal ends the command."""


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(slots=True)
class Dev:
    """A running `baton dev`; `announced` is its output."""

    process: subprocess.Popen[str]
    folder: Path
    announced: str

    @property
    def url(self) -> str:
        return found(r"URL +(\S+)", self.announced)

    @property
    def token(self) -> str:
        return Path(found(r"Token +in (.+)", self.announced)).read_text().strip()

    @property
    def curl(self) -> str:
        return found(r"(curl .*)", self.announced)

    @property
    def log(self) -> str:
        return (self.folder / "dev.log").read_text()

    def stop(self, number: signal.Signals = signal.SIGINT) -> Ended:
        """Send a signal and wait until the process has ended."""
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=DEADLINE_S)
        return Ended(self.process.returncode, out, self.log)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without Baton's settings, and with the variables of `more`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{clean.get('PATH', '')}"
    root = Path(__file__).parents[2]
    sources = f"{root / 'src'}{os.pathsep}{root}"
    return {**clean, "PATH": path, "PYTHONPATH": sources, **(more or {})}


def baton(*arguments: object, folder: Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run a verb to its end, without a terminal."""
    done = subprocess.run(
        [*BATON, *map(str, arguments)],
        cwd=folder,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def in_terminal(
    folder: Path,
    *arguments: str,
    typed: Callable[[str], str] | None = None,
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Run a verb in a terminal; `typed(output)` returns the keys to type, once."""
    size = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    with (
        subprocess.Popen(
            [BATON[0], "-c", TERMINAL, *BATON, *arguments],
            cwd=folder,
            env=environment({**size, **(env or {})}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process,
        killed_at_end(process),
    ):
        shown = _dialog(process, typed)
        process.wait(DEADLINE_S)
    return Ended(process.returncode, shown, "")


def _dialog(process: "subprocess.Popen[bytes]", typed: Callable[[str], str] | None) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    shown = b""
    while chunk := os.read(process.stdout.fileno(), 65_536):
        shown += chunk
        if typed is not None and (keys := typed(shown.decode(errors="replace"))):
            process.stdin.write(keys.encode())
            process.stdin.flush()
            typed = None
    return shown.decode(errors="replace")


@contextmanager
def dev(folder: Path, *arguments: object, env: Mapping[str, str] | None = None) -> Iterator[Dev]:
    """Run `baton dev` in `folder` until the block ends."""
    with (folder / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [*BATON, "dev", "--port", "0", *map(str, arguments)],
            cwd=folder,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    with process, killed_at_end(process):
        running = Dev(process, folder, _announced(process))
        try:
            if process.poll() is not None:
                raise AssertionError(f"dev ended at once: {running.log}")
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(DEADLINE_S)


@contextmanager
def killed_at_end(process: "subprocess.Popen[Any]") -> Iterator[None]:
    """Kill a process that outlives the block; `Popen` itself waits for its end without limit."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()


def _announced(process: subprocess.Popen[str]) -> str:
    """Return the output until the process is ready or has ended."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    return "".join(lines)
