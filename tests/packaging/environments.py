"""Virtual environments that hold Baton and its dependencies; nothing is downloaded."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


def clean_environment() -> dict[str, str]:
    """Return the environment of this process without Baton's settings and import paths."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BATON_", "PYTHON", "VIRTUAL_ENV"))
    }


def run(*command: object, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program to its end in `folder`."""
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def create_environment(folder: Path, *requirement: object) -> Path:
    """Install `requirement` alone into a new environment; return the folder of its programs.

    The dependencies are those of this process's own environment: a .pth file names its folder,
    whose own .pth files don't count, so that the checkout stays off the import path.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (site_packages,) = folder.glob("lib/python3.*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(
        UV,
        *("pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation"),
        *("--python", folder / "bin" / "python"),
        *requirement,
        folder=ROOT,
    )
    return folder / "bin"
