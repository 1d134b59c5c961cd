"""Runs the blocks of a page from top to bottom, in a folder of its own.

Python and YAML blocks that begin with `# name` are written to that file. Bash blocks run as they
are, with the port of the started `baton dev` in place of 8080. Their output is compared with the
text block that follows, in which … matches anything. `sh` blocks belong to the checkout: only their
recipes are checked.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

from tests.cli.processes import environment, killed_at_end
from tests.kit.eventually import eventually_blocking

ROOT = Path(__file__).parents[2]
DEADLINE_S = 30
CHANGES = re.compile(r" -d |apply|send|start|kill|delete|cancel|retry")
PYTEST = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_ADDOPTS": "-p asyncio -p baton.testing.pytest_plugin",
}
"""Lets the tests of a page run with the plugins that the page names."""
FILE = re.compile(r"# ([\w.-]+\.\w+)\n")


@dataclass(slots=True)
class Reader:
    """Runs the blocks of pages."""

    folder: Path
    port: int = 0
    dev: "subprocess.Popen[str] | None" = None
    block: str = ""
    printed: str | None = None
    namespace: dict[str, object] = field(default_factory=dict)

    def read(self, page: Path) -> int:
        """Run every block of `page` in order; return how many there are."""
        evaluators: dict[str, Callable[[Example], None]] = {
            "bash": self.bash,
            "python": self.python,
            "sh": self.recipes,
            "text": self.text,
            "toml": self.file,
            "yaml": self.file,
        }
        sybil = Sybil([CodeBlockParser(name, run) for name, run in evaluators.items()])
        examples = list(sybil.parse(page).examples())
        for example in examples:
            example.evaluate()
        return len(examples)

    def close(self) -> None:
        """Stop the server that the page left running."""
        if self.dev is not None:
            with self.dev, killed_at_end(self.dev):
                self.dev.terminate()
                self.dev.wait(DEADLINE_S)

    def bash(self, example: Example) -> None:
        self.block, self.printed = example.parsed, None
        if example.parsed.startswith("baton dev"):
            self.start(example.parsed.split())
        else:
            self.printed = self.run()

    def start(self, words: list[str]) -> None:
        """Start the page's server on a free port."""
        if self.dev is not None:
            with self.dev, killed_at_end(self.dev):
                assert self.dev.wait(DEADLINE_S) == -9, "the page killed it before"
        self.port = self.port or free_port()
        with (self.folder / ".dev.log").open("a") as log:
            self.dev = subprocess.Popen(
                [sys.executable, "-m", *words, "--port", str(self.port)],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.dev.stdout is not None
        assert any(line.startswith("Ctrl-C") for line in self.dev.stdout), "dev ended at once"

    def run(self) -> str:
        """Run the block in a shell with the variables that earlier blocks exported."""
        script = f". ./.exported\n{self.block}\nexport -p > .exported\n"
        (self.folder / ".exported").touch()
        with subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script.replace("127.0.0.1:8080", self.place)],
            cwd=self.folder,
            env=environment(PYTEST),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as shell:
            out = self._ended(shell)
        assert shell.returncode == 0, f"{self.block}\n{out}"
        return out

    def _ended(self, shell: "subprocess.Popen[str]") -> str:
        """Return the output of a block; kill a block that doesn't end, with its children."""
        try:
            return shell.communicate(timeout=DEADLINE_S)[0]
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            raise AssertionError(f"{self.block}\n{shell.communicate()[0]}{self.log}") from None

    @property
    def log(self) -> str:
        return (self.folder / ".dev.log").read_text()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def text(self, example: Example) -> None:
        """Compare the output with the expected one; a query is repeated until both match."""
        if self.printed is None:
            return
        wanted = "(?s:.*?)".join(re.escape(part) for part in example.parsed.strip("\n").split("…"))
        if re.fullmatch(wanted, self.printed.strip("\n")):
            return
        assert not CHANGES.search(self.block), f"{self.block}\n{self.printed}"

        def matches() -> bool:
            self.printed = self.run()
            return bool(re.fullmatch(wanted, self.printed.strip("\n")))

        eventually_blocking(
            matches, within_s=DEADLINE_S, explain=lambda: f"{self.block}\n{self.printed}"
        )

    def python(self, example: Example) -> None:
        self.file(example)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.syspath_prepend(self.folder)
            exec(compile(example.parsed, "page", "exec"), self.namespace)

    def file(self, example: Example) -> None:
        name = FILE.match(example.parsed)
        if name is not None:
            (self.folder / name[1]).write_text(example.parsed)

    def recipes(self, example: Example) -> None:
        for line in example.parsed.splitlines():
            command, target = line.partition("#")[0].split()
            assert command == "make"
            subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
