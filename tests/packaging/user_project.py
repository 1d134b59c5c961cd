"""A user's project whose packages have the names of Baton's folders."""

from pathlib import Path

from tests.dialects.centrali_documents import compute, orchestration

NAMES = (
    "backends",
    "command_api",
    "domain",
    "eventlog",
    "executor",
    "projector",
    "protocols",
    "scheduler",
)
FUNCTIONS = f"""
{chr(10).join(f"from {name} import VALUE as {name}" for name in NAMES)}

from baton import StepContext, function

VALUES = [{", ".join(NAMES)}]


@function
async def own_modules(payload: dict, context: StepContext) -> list:
    return VALUES


@function(pool="process")
def own_modules_in_a_process(payload: dict) -> list:
    return VALUES
"""
DEFINITION = orchestration(
    "own-modules",
    compute("here", "own_modules", nextStepId="elsewhere"),
    compute("elsewhere", "own_modules_in_a_process"),
)
VALUES = [f"the user's {name}" for name in NAMES]


def write_project(folder: Path, *, scheduler: str) -> None:
    """Write the project; its `scheduler` is a "package" as the others are, or a "module"."""
    folder.mkdir()
    for name in NAMES:
        text = f'VALUE = "the user\'s {name}"\n'
        if name == "scheduler" and scheduler == "module":
            (folder / f"{name}.py").write_text(text)
            continue
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(text)
    (folder / "jobs.py").write_text(FUNCTIONS)
