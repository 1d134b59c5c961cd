"""Golden histories: files with the expected history of a run."""

import re
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenFiles:
    """The golden files of a test.

    Attributes:
        folder: The folder of the test's file.
        name: The name of the test.
        update: Whether differing files are written instead of failing the test.
    """

    folder: Path
    name: str
    update: bool = False

    @property
    def default(self) -> Path:
        """The file of a test that doesn't name one."""
        return self.folder / "golden" / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', self.name)}.txt"


def compare_golden(text: str, files: GoldenFiles | None, path: str | Path | None) -> None:
    """Raise AssertionError with the difference unless the golden file holds `text`.

    Args:
        text: The history.
        files: The golden files of the test; None outside of pytest.
        path: The file, relative to the folder of the test; None for the test's own.
    """
    __tracebackhide__ = True
    file = _file(files, path)
    wanted = file.read_text(encoding="utf-8") if file.exists() else None
    if wanted == text:
        return
    if files is not None and files.update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return
    if wanted is None:
        raise AssertionError(f"there is no {file}: write it with pytest --baton-update\n{text}")
    before, after = wanted.splitlines(keepends=True), text.splitlines(keepends=True)
    difference = "".join(unified_diff(before, after, str(file), "this run"))
    raise AssertionError(f"the history differs from {file}\n{difference}")


def _file(files: GoldenFiles | None, path: str | Path | None) -> Path:
    if path is None:
        if files is None:
            raise ValueError("matches_golden needs a path outside of the pytest fixture")
        return files.default
    return Path(path) if files is None else files.folder / path
