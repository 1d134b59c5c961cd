"""Folders of local servers don't outlive the tests that made them."""

import subprocess
import sys
from pathlib import Path

from tests.servers.server_folder import PREFIX, make_server_folder, remove_server_folder

ROOT = Path(__file__).parents[2]
MAKE_AND_DIE = """
import os, signal
from tests.servers.server_folder import make_server_folder
print(make_server_folder("test", needed_bytes=0), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_folder_removes_the_folder_of_a_killed_process() -> None:
    killed = subprocess.run(
        [sys.executable, "-c", MAKE_AND_DIE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    abandoned = Path(killed.stdout.strip())
    assert abandoned.name.startswith(f"{PREFIX}test-"), killed.stderr

    remove_server_folder(make_server_folder("test", needed_bytes=0))

    assert not abandoned.exists()


def test_the_folder_of_a_running_process_stays() -> None:
    first = make_server_folder("test", needed_bytes=0)
    second = make_server_folder("test", needed_bytes=0)

    assert first.is_dir()

    remove_server_folder(first)
    remove_server_folder(second)
    assert not first.exists()
