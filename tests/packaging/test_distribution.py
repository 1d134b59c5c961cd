"""The wheel holds `baton` alone and all of it; it works beside a user's own `domain` and others.

The wheel is built from the source distribution, so both are complete.
"""

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.cli.processes import killed_at_end
from tests.kit.eventually import eventually_blocking
from tests.packaging.environments import ROOT, clean_environment, create_environment, run
from tests.packaging.user_project import DEFINITION, VALUES, write_project

DEADLINE_S = 30
TYPED = """
from baton import StepContext, StepResult, function


@function("typed", limit=3)
async def typed(payload: dict[str, object], context: StepContext) -> StepResult:
    context.log.info("attempt %d", context.attempt)
    return StepResult(output=payload["input"])
"""
MISTYPED = """
from baton import StepContext, function
from typed import typed


@function("mistyped", limit="three")
def mistyped(context: StepContext) -> str:
    return context.attempt


async def call() -> None:
    await typed("no payload", None)
"""
MISTAKES = {
    ("mistyped.py:6", "call-overload"),  # limit
    ("mistyped.py:6", "untyped-decorator"),  # follows from it
    ("mistyped.py:8", "return-value"),
    ("mistyped.py:12", "arg-type"),  # both arguments: a decorated function keeps its signature
}


@pytest.fixture(scope="module")
def source_distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, folder=ROOT)
    (archive,) = folder.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def wheel(source_distribution: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(source_distribution) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=unpacked)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment that the wheel was installed into."""
    return create_environment(tmp_path_factory.mktemp("installed") / "venv", wheel)


@pytest.fixture(scope="module")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment with an editable install of the checkout."""
    return create_environment(tmp_path_factory.mktemp("editable") / "venv", "--editable", ROOT)


def shipped() -> set[str]:
    """Return the files of the package, links followed, as paths inside a wheel."""
    package = ROOT / "src" / "baton"
    folders = [package, *(link for link in package.iterdir() if link.is_symlink())]
    return {
        str(Path("baton") / folder.relative_to(package) / file.relative_to(folder))
        for folder in folders
        for suffix in ("py", "sql", "json", "typed", "js", "css", "html", "svg", "txt")
        for file in (*folder.glob(f"*.{suffix}"), *folder.glob(f"**/*.{suffix}"))
    }


def test_the_wheel_holds_the_whole_package_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"baton"}
    assert shipped() - names == set()
    assert "baton/py.typed" in names
    assert any(name.endswith(".sql") for name in names)


def test_the_source_distribution_has_no_tests_and_no_benchmarks(source_distribution: Path) -> None:
    with tarfile.open(source_distribution) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}

    expected = {"src", "CHANGELOG.md", "LICENSE", "README.md", "PKG-INFO", "pyproject.toml"}
    assert tops - {".gitignore"} == expected


def test_the_drivers_of_servers_are_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(name).decode().splitlines()

    needed = [line for line in lines if line.startswith("Requires-Dist:")]
    drivers = [line for line in needed if "asyncpg" in line or "aiokafka" in line]
    assert all("extra ==" in line for line in drivers)
    assert {"Provides-Extra: postgres", "Provides-Extra: kafka", "Provides-Extra: cluster"} <= {
        *lines
    }
    assert "Requires-Python: >=3.11" in lines


@pytest.mark.parametrize("as_module", [False, True], ids=["script", "module"])
@pytest.mark.parametrize("environment", ["installed", "editable"])
def test_functions_import_packages_that_are_named_as_batons_folders(
    request: pytest.FixtureRequest, tmp_path: Path, environment: str, *, as_module: bool
) -> None:
    programs: Path = request.getfixturevalue(environment)
    project = tmp_path / "project"
    # A package and a module of one name can't stand side by side: each is tried in half the cases.
    write_project(project, scheduler="module" if as_module else "package")
    script, module = (programs / "baton",), (programs / "python", "-m", "baton")

    with dev(module if as_module else script, project) as (url, token):
        steps = run_of(url, token)["steps"]
        assert_the_web_ui_is_served(url)

    assert [step["output"] for step in steps] == [VALUES, VALUES]


def assert_the_web_ui_is_served(url: str) -> None:
    """Load the page and every file that it names, as a browser without a session does."""
    with urlopen(f"{url}/ui/", timeout=DEADLINE_S) as answer:
        page = answer.read().decode()
    named = re.findall(r'(?:href|src)="(/[^"]+)"', page)
    assert {Path(path).suffix for path in named} >= {".css", ".js", ".svg"}
    for path in named:
        with urlopen(url + path, timeout=DEADLINE_S) as answer:
            assert answer.read(), path


def test_the_installed_package_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    where = "import baton, baton.domain; print(baton.__file__, baton.domain.__file__)"

    out = run(installed / "python", "-c", where, folder=tmp_path).stdout

    assert all(str(installed.parent) in path for path in out.split())


def test_a_users_type_checker_sees_the_types(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "typed.py").write_text(TYPED)
    (tmp_path / "mistyped.py").write_text(MISTYPED)
    (tmp_path / "mypy.ini").write_text("[mypy]\n")
    python = ("--python-executable", installed / "python")

    checked = run(
        *(sys.executable, "-m", "mypy", "--strict", *python, "typed.py", "mistyped.py"),
        folder=tmp_path,
        check=False,
    )

    errors = re.findall(r"^(\S+): error: .* \[([a-z-]+)\]$", checked.stdout, re.MULTILINE)
    assert set(errors) == MISTAKES, checked.stdout


@contextmanager
def dev(baton: Sequence[Path | str], project: Path) -> Iterator[tuple[str, str]]:
    """Run `baton dev` on the project's functions; yield the address and the token."""
    with (project / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [*baton, "dev", "--port", "0", "--functions", "jobs.py"],
            cwd=project,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    url, token = project / ".baton" / "url", project / ".baton" / "token"

    def answers() -> bool:
        assert process.poll() is None, (project / "dev.log").read_text()
        return url.exists()

    with process, killed_at_end(process):
        try:
            eventually_blocking(answers, within_s=DEADLINE_S)
            yield url.read_text().strip(), token.read_text().strip()
        finally:
            process.terminate()
            process.wait(DEADLINE_S)


def run_of(url: str, token: str) -> dict[str, Any]:
    """Define the project's workflow, start a run of it and return the run when it has ended."""
    base = f"{url}/orchestration/api/v1/workspaces/demo/orchestrations"
    definition = ask(base, token, DEFINITION)
    started = ask(f"{base}/{definition['id']}/trigger", token, {})

    def ended() -> dict[str, Any] | None:
        run = ask(f"{url}/runs/{started['id']}", token)
        return run if run["status"] in {"completed", "failed"} else None

    run = eventually_blocking(ended, within_s=DEADLINE_S)
    assert run is not None
    return run


def ask(url: str, token: str, body: object = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(url, data, headers), timeout=DEADLINE_S) as response:
        answer: dict[str, Any] = json.load(response)
        return answer
